"""The run folder: what is written, what is found again, and what a disk may refuse."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic_core import PydanticSerializationError

from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder, ensure_space, list_runs
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Intake, Rejection
from orchestrator.values import Value
from shared import trial as trials
from tests.support.streams import PLANNED, STORY, TRIAL, lines
from tests.support.summaries import crossover

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class Named(Value):
    """A file of a run folder, whatever it holds."""

    id: str


def run(out: Path, slug: str = "tf-vs-torch", now: datetime = NOON) -> RunFolder:
    folder = RunFolder.create(out, slug, now)
    folder.write_model("comparison.json", Named(id=folder.id))
    return folder


def test_a_run_folder_is_named_by_time_and_what_it_compares(tmp_path: Path) -> None:
    assert run(tmp_path / "runs").path == tmp_path / "runs" / "20261122-120000-tf-vs-torch"


def test_latest_points_at_the_newest_run(tmp_path: Path) -> None:
    run(tmp_path)
    second = run(tmp_path, now=NOON.replace(hour=13))
    assert (tmp_path / "latest").resolve() == second.path
    assert (tmp_path / "latest").readlink() == Path(second.id)  # relative: the folder may be moved


def test_two_runs_of_one_second_do_not_mix(tmp_path: Path) -> None:
    assert [run(tmp_path).id for _ in range(3)] == [
        "20261122-120000-tf-vs-torch",
        "20261122-120000-tf-vs-torch-2",
        "20261122-120000-tf-vs-torch-3",
    ]


def test_an_out_that_is_a_file_is_a_preflight_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "runs"):
        for attempt in (ensure_space, lambda out: RunFolder.create(out, "slug")):
            with pytest.raises(PreflightError, match="cannot write to") as error:
                attempt(out)
            assert error.value.remedy == "name another folder with --out"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_out_without_permission_is_a_preflight_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PreflightError, match="Permission denied"):
        ensure_space(tmp_path)


def test_too_little_space_is_noticed_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.record.run_folder.RUN_FOLDER_BYTES", 10**18)
    with pytest.raises(PreflightError, match="1,000,000,000,000 MB needed"):
        ensure_space(tmp_path)
    monkeypatch.setattr("orchestrator.record.run_folder.RUN_FOLDER_BYTES", 1)
    ensure_space(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_fills_up_meanwhile_is_named(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    (folder.path / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(PreflightError, match="No space left on device") as error:
        folder.append(story())
    assert "free space" in error.value.remedy


@pytest.mark.parametrize("name", ["", "..", "a..b", "../x", "a/b", "-a", ".a", "A", "a\0", "a" * 129, "a\n"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a folder"):
        run(tmp_path).trial(name)
    assert not (tmp_path / "20261122-120000-tf-vs-torch" / "trials").exists()


def story() -> list[NumberedEvent]:
    intake = Intake(TRIAL)
    return [each for line in lines(*STORY) if (each := intake.take(line.strip()))]


def test_events_are_kept_letter_by_letter_as_they_came(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    folder.append(story()[:3])
    folder.append(story()[3:])
    assert (folder.path / "events.jsonl").read_bytes() == b"".join(lines(*STORY))


def test_what_a_worker_leaves_is_kept(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    folder.write_leftovers(
        {"predictions.npy": b"logits", "steps.npz": b"losses"},
        "cannot \udc80 decode\n",
        [Rejection(b"\xff\n", "not UTF-8")],
    )
    assert (folder.path / "predictions.npy").read_bytes() == b"logits"
    assert (folder.path / "steps.npz").read_bytes() == b"losses"
    assert (folder.path / "stderr.log").read_text() == "cannot \\udc80 decode\n"
    rejected = (folder.path / "rejected.jsonl").read_text().splitlines()
    assert [json.loads(row) for row in rejected] == [{"reason": "not UTF-8", "line": r"b'\xff\n'"}]


def test_nothing_refused_is_an_empty_file_and_no_predictions_are_no_file(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    folder.write_leftovers({}, "", [])
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == {
        "stderr.log": b"",
        "rejected.jsonl": b"",
    }


def test_trial_and_record_can_be_read_back(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    record = unstarted_record(PLANNED, "scripted", Status.FAILED, "no image")
    folder.begin(PLANNED.trial, datetime.now(UTC))
    folder.write_record(record)
    assert trials.from_json((folder.path / "trial.json").read_text()) == PLANNED.trial
    assert Record.model_validate_json((folder.path / "record.json").read_bytes()) == record


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    folder = run(tmp_path)
    with pytest.raises(PydanticSerializationError, match="utf-8"):
        folder.write_model("comparison.json", Named(id="\udcff"))
    with pytest.raises(PreflightError):
        folder.write_model("missing/comparison.json", Named(id="another"))
    (folder.path / "summary.json").mkdir()
    with pytest.raises(PreflightError, match="Is a directory"):
        folder.write_model("summary.json", Named(id="another"))
    assert sorted(path.name for path in folder.path.iterdir()) == ["comparison.json", "summary.json"]
    assert json.loads((folder.path / "comparison.json").read_text()) == {"id": folder.id}


def test_files_are_readable_by_others(tmp_path: Path) -> None:
    folder = run(tmp_path)
    assert (folder.path / "comparison.json").stat().st_mode & 0o777 == 0o644


def test_a_summary_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = run(tmp_path)
    folder.write_model("summary.json", crossover())
    assert Summary.load(folder.path) == crossover()


def test_a_run_that_did_not_end_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did not end"):
        Summary.load(run(tmp_path).path)


@pytest.mark.parametrize("content", ["", "{}", "no JSON", '{"schema": "bakeoff/summary/3"}'])
def test_a_summary_of_another_kind_is_a_usage_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(UsageError, match="cannot be read"):
        Summary.load(tmp_path)


def test_a_run_is_found_by_path_name_beginning_and_latest(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path, now=NOON.replace(hour=13))
    assert RunFolder.find(str(first.path), tmp_path).path == first.path
    assert RunFolder.find(first.id, tmp_path).path == first.path
    assert RunFolder.find("20261122-13", tmp_path).path == second.path
    assert RunFolder.find("latest", tmp_path).path == second.path


def test_a_beginning_that_two_runs_share_is_not_guessed(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path, now=NOON.replace(hour=13))
    with pytest.raises(UsageError, match="begins 2 runs") as error:
        RunFolder.find("2026", tmp_path)
    assert first.id in error.value.remedy
    assert second.id in error.value.remedy


def test_a_run_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'yesterday'") as error:
        RunFolder.find("yesterday", tmp_path)
    assert error.value.remedy == "newest runs: none; `bakeoff ls` lists all"
    folder = run(tmp_path)
    with pytest.raises(UsageError) as error:
        RunFolder.find("yesterday", tmp_path)
    assert folder.id in error.value.remedy


def test_runs_are_listed_oldest_first_and_once(tmp_path: Path) -> None:
    later, sooner = run(tmp_path, now=NOON.replace(hour=13)), run(tmp_path)
    (tmp_path / "20261122-140000-empty").mkdir()
    assert [folder.id for folder in list_runs(tmp_path)] == [sooner.id, later.id]
    assert list_runs(tmp_path / "nowhere") == []
