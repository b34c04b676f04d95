"""`bakeoff data`, `report`, `ls`, `clean`, `schema`."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import jsonschema
import pytest

from tests.support import engines
from tests.support.cli import QUICK, Bakeoff
from tests.support.paths import RECORDED
from tests.support.streams import STORY, lines


def test_runs_are_listed_and_reported_again(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (run,) = json.loads(bakeoff("ls", "--json").out)
    assert run["trials"] == "2 of 2 done"
    assert run["run"] in bakeoff("ls").out.replace("\n", "")
    report = Path("runs") / run["run"] / "report.md"
    before = report.read_bytes()
    report.unlink()
    answer = bakeoff("report")
    assert answer.code == 0
    assert "report.md" in answer.out
    assert report.read_bytes() == before


def test_no_runs_is_no_error(bakeoff: Bakeoff) -> None:
    assert bakeoff("ls").out == "no runs in runs: `bakeoff compare` makes one\n"
    assert json.loads(bakeoff("ls", "--json").out) == []


def test_a_report_of_a_run_that_is_not_there_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("report", "yesterday")
    assert answer.code == 2
    assert "error: no run 'yesterday'" in answer.err
    assert "try: " in answer.err


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_clean_ends_a_process_that_its_host_left_also_without_an_engine(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    rig = engines.process(tmp_path)
    with rig.start("hang") as worker:
        worker.release()
    assert "running" in bakeoff("clean", "--dry-run").out
    assert worker.poll() is None
    answer = bakeoff("clean", "--yes")
    gc.collect()
    assert (answer.code, "not looked at: " in answer.out, "removed 1" in answer.out) == (0, True, True)
    assert rig.engine.adopt(rig.launch("hang")) is None


def test_the_event_schema_as_printed_accepts_recorded_and_written_streams(bakeoff: Bakeoff) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "event").out))
    for text in [*RECORDED.read_bytes().splitlines(), *lines(*STORY)]:
        validator.validate(json.loads(text))


@pytest.mark.parametrize("name", ["event", "trial", "summary"])
def test_every_schema_is_printed_as_one_json_object(bakeoff: Bakeoff, name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(bakeoff("schema", name).out))


def test_an_unknown_schema_lists_the_known_ones(bakeoff: Bakeoff) -> None:
    answer = bakeoff("schema", "recipe")
    assert answer.code == 2
    assert "'summary'" in answer.err


def test_the_data_set_is_described(bakeoff: Bakeoff, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    answer = bakeoff("data", "--json")
    assert json.loads(answer.out)["files"].keys() == {"train.parquet", "test.parquet"}
    assert "60,000 for training" in bakeoff("data").out
