"""A run folder can be analysed again, alone: `bakeoff report --again`; folders of an earlier format are refused."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.load import load_run
from orchestrator.analyse.summary import Summary
from orchestrator.cli import app
from orchestrator.data import dataset
from orchestrator.errors import UsageError
from orchestrator.record.run_folder import RunFolder
from orchestrator.spec import spec
from orchestrator.spec.spec import ExplainSpec, Spec
from tests.support.line import MATCHED, SPEC, Line, Pressing, compare, matched_runtime
from tests.support.paths import FIXTURES, ROOT
from tests.support.walks import played

WRITTEN = ("summary.json", "report.md", "results.parquet")


@pytest.fixture
def line(tmp_path: Path, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(dataset, "default_folder", lambda: mnist_folder)
    return Line.over(tmp_path / "runs", mnist_folder)


def report_again(folder: RunFolder) -> dict[str, bytes]:
    """Remove what an analysis wrote, analyse again by the command, and return what that wrote."""
    for name in WRITTEN:
        (folder.path / name).unlink()
    assert bakeoff("report", "--again", str(folder.path)) == 0
    return written(folder)


def bakeoff(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        app(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def written(folder: RunFolder) -> dict[str, bytes]:
    return {name: (folder.path / name).read_bytes() for name in WRITTEN}


def test_a_comparison_analysed_again_gives_the_same_files_byte_for_byte(line: Line) -> None:
    folder, summary = compare(line.runtime(), SPEC.replace(seeds=2, runs=2))
    before = written(folder)
    assert report_again(folder) == before
    assert [trial.id for trial in summary.trials] != sorted(trial.id for trial in summary.trials)


def test_a_matched_comparison_analysed_again_has_its_steps_and_answers(line: Line) -> None:
    folder, summary = compare(matched_runtime(line, apart=2e-6), MATCHED)
    assert summary.step_differences
    assert summary.accuracies
    before = written(folder)
    assert report_again(folder) == before


def test_a_walk_analysed_again_explains_the_same(line: Line) -> None:
    asked = ExplainSpec(profile="quick", device="cpu", seeds=2, paths=2)
    view = console.view("quiet", io.StringIO())
    folder, summary = pipeline.compare(asked, line.runtime(played(line)), view)
    assert summary.explanation is not None
    before = written(folder)
    assert report_again(folder) == before


def test_a_comparison_that_was_interrupted_is_analysed_again_as_such(line: Line) -> None:
    folder, summary = compare(line.runtime(), SPEC, Pressing(after=3))
    assert summary.comparison.interrupted
    before = written(folder)
    assert report_again(folder) == before


def test_without_the_data_set_the_answers_are_left_out_and_a_finding_says_so(line: Line, tmp_path: Path) -> None:
    folder, summary = compare(matched_runtime(line, apart=2e-6), MATCHED)
    again = pipeline.summarise(folder, tmp_path / "nowhere")
    assert (again.accuracies, again.step_differences) == ((), summary.step_differences)
    (finding,) = (finding for finding in again.findings if finding.id == "answers-unread")
    assert "bakeoff data" in finding.advice
    assert finding.trials == tuple(trial.id for trial in summary.trials)


def test_without_the_data_set_answers_alone_are_missed_where_none_are_compared(line: Line, tmp_path: Path) -> None:
    folder, summary = compare(line.runtime(), SPEC)
    assert len(summary.confusions) == 4
    assert pipeline.summarise(folder, tmp_path / "nowhere") == summary.replace(confusions=(), shown_images=())


def test_a_run_that_did_not_end_is_not_analysed_again(line: Line) -> None:
    folder, _ = compare(line.runtime(), SPEC)
    document = json.loads((folder.path / "comparison.json").read_text())
    (folder.path / "comparison.json").write_text(json.dumps({**document, "ended_at": None}))
    with pytest.raises(UsageError, match="did not end") as refused:
        load_run(folder, line.data)
    assert refused.value.remedy == f"`bakeoff resume {folder.id}` ends it"


def test_a_trial_without_a_record_is_named(line: Line) -> None:
    folder, summary = compare(line.runtime(), SPEC)
    (folder.path / "trials" / summary.trials[1].id / "record.json").unlink()
    with pytest.raises(UsageError, match=f"{summary.trials[1].id} of .* has no record"):
        load_run(folder, line.data)


def test_predictions_damaged_since_are_named_with_a_way_out(line: Line) -> None:
    folder, summary = compare(matched_runtime(line, apart=2e-6), MATCHED)
    damaged = folder.path / "trials" / summary.trials[0].id / "predictions.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(UsageError, match=f"{summary.trials[0].id} of .*: predictions.npy cannot be read") as refused:
        load_run(folder, line.data)
    assert "put the file back" in refused.value.remedy
    damaged.unlink()
    assert summary.trials[0].id not in [answers.trial for answers in load_run(folder, line.data).answers]


def test_a_walk_of_a_gpu_is_analysed_again_where_there_is_none(line: Line) -> None:
    asked = ExplainSpec(profile="quick", device="cpu", seeds=1)
    folder, summary = pipeline.compare(asked, line.runtime(played(line)), console.view("quiet", io.StringIO()))
    document = json.loads((folder.path / "run.json").read_text())
    spec_of_a_gpu = {**document["spec"], "device": "cuda", "variant": "cuda", "gpu": "GPU-of-another-machine"}
    (folder.path / "run.json").write_text(json.dumps({**document, "spec": spec_of_a_gpu}))
    assert pipeline.summarise(folder, line.data).explanation == summary.explanation


def test_a_walk_whose_recipe_has_changed_since_is_refused(line: Line, tmp_path: Path) -> None:
    own, text = tmp_path / "own.toml", (ROOT / "shared" / "recipes" / "article-torch.toml").read_text()
    own.write_text(text.replace("article-torch", "own").replace("batch_size = 512", "batch_size = 256"))
    asked = ExplainSpec(recipes=("article-torch", str(own)), profile="quick", device="cpu", seeds=1)
    folder, _ = pipeline.compare(asked, line.runtime(played(line)), console.view("quiet", io.StringIO()))
    load_run(folder, line.data)
    own.write_text(text.replace("article-torch", "own"))
    with pytest.raises(UsageError, match="has changed since this run began"):
        load_run(folder, line.data)


@pytest.fixture
def old(tmp_path: Path) -> RunFolder:
    """A run folder as bakeoff wrote it before the summary's format 2."""
    path = tmp_path / "runs" / "20261122-081500-tf-vs-torch"
    shutil.copytree(FIXTURES / "run-of-format-1", path)
    return RunFolder(path)


REFUSED = r"it is of the format bakeoff/summary/1, not bakeoff/summary/3"


@pytest.mark.parametrize("command", [["report"], ["report", "--again"], ["resume"]])
def test_a_run_folder_of_the_earlier_format_is_refused_with_one_sentence(old: RunFolder, command: list[str]) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: it is of the format bakeoff/\w+/1, not") as refused:
        app([*command, str(old.path)], standalone_mode=False)
    assert refused.value.remedy == "use the version of bakeoff that wrote it, or run the comparison again"


def test_a_summary_of_the_earlier_format_is_refused_by_its_name(old: RunFolder) -> None:
    with pytest.raises(UsageError, match=REFUSED):
        Summary.load(old.path)


def test_a_run_folder_of_the_earlier_format_is_listed(old: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert bakeoff("ls", "--json", "--out", str(old.path.parent)) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["run"] == old.id
    assert "format" in row["what"]


def test_a_comparison_file_of_the_earlier_format_can_be_repeated(old: RunFolder) -> None:
    assert spec.read_spec(old.path / "comparison.json") == Spec()


def test_a_trial_of_an_earlier_format_is_run_again(line: Line) -> None:
    asked = ExplainSpec(recipes=("article-torch", "article-torch"), profile="quick", device="cpu", seeds=1)
    view = console.view("quiet", io.StringIO())
    first, _ = pipeline.compare(asked, line.runtime(played(line)), view)
    _, before = pipeline.compare(asked, line.runtime(played(line)), view, reuse=True)
    assert [trial.reused_from for trial in before.trials] == [first.id, first.id]
    flat = (FIXTURES / "run-of-format-1" / "environment.json").read_bytes()
    for path in line.out.glob("*/environment.json"):
        path.write_bytes(flat)
    _, summary = pipeline.compare(asked, line.runtime(played(line)), view, reuse=True)
    assert [trial.reused_from for trial in summary.trials] == [None, None]
