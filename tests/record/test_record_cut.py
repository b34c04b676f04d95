"""The record on disk: cut at any byte, on a disk that is full at any byte, and edited by anybody."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator import report as reports
from orchestrator.analyse.summary import Comparison, Curve, StepDifference
from orchestrator.cli import app, ls, report
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.trial_folder import TrialFolder, load_record
from orchestrator.report.figures import draw
from orchestrator.run import reuse as earlier
from orchestrator.stream.intake import Intake, Rejection
from tests.support.groups import slow
from tests.support.streams import PLANNED, PREPARED, STORY, TRIAL, lines
from tests.support.summaries import crossover, summary, trial

WHOLE = b"".join(lines(*STORY))
RECORD = unstarted_record(PLANNED, "scripted", Status.FAILED, "no image")


@contextlib.contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let the system refuse what would make a file longer than `size` bytes, as a full disk does in mid-write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_events_cut_at_any_byte_load_to_the_last_whole_line_and_go_on_from_there(tmp_path: Path) -> None:
    folder, file = TrialFolder(tmp_path / "trial"), tmp_path / "trial" / "events.jsonl"
    for cut in range(len(WHOLE) + 1):
        file.write_bytes(WHOLE[:cut])
        intake = Intake(TRIAL)
        known = list(intake.fill(folder.read_journal()))
        assert len(known) == WHOLE[:cut].count(b"\n")
        assert intake.counts().rejected == 0
        folder.append(intake.fill(WHOLE))
        assert file.read_bytes() == WHOLE


def test_events_on_a_disk_that_is_full_at_any_byte_are_whole_but_for_the_last_and_go_on(tmp_path: Path) -> None:
    folder, file = TrialFolder(tmp_path / "trial"), tmp_path / "trial" / "events.jsonl"
    for size in range(len(WHOLE)):
        file.unlink(missing_ok=True)
        with full_after(size), pytest.raises(PreflightError, match=r"cannot write .*trial") as fault:
            folder.append(Intake(TRIAL).fill(WHOLE))
        assert "free space" in fault.value.remedy
        assert WHOLE.startswith(file.read_bytes())
        intake = Intake(TRIAL)
        assert len(list(intake.fill(folder.read_journal()))) == WHOLE[:size].count(b"\n")
        folder.append(intake.fill(WHOLE))
        assert file.read_bytes() == WHOLE


def test_a_record_on_a_disk_that_is_full_at_any_byte_stays_the_old_one_and_leaves_no_rubbish(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    folder.write_record(RECORD)
    old = (folder.path / "record.json").read_bytes()
    new = RECORD.model_copy(update={"reason": "another"})
    for size in range(len(old) - 10):
        with full_after(size), pytest.raises(PreflightError, match=r"cannot write .*record\.json"):
            folder.write_record(new)
        assert (folder.path / "record.json").read_bytes() == old
    assert [path.name for path in folder.path.iterdir()] == ["record.json"]


def test_a_summary_and_what_a_worker_left_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    folder, run = TrialFolder(tmp_path / "trial"), RunFolder(tmp_path)
    for size in range(0, 4000, 7):
        with full_after(size), pytest.raises(PreflightError, match=r"cannot write .*summary\.json"):
            run.write_model("summary.json", crossover())
        with full_after(size), pytest.raises(PreflightError, match="cannot write"):
            folder.write_leftovers({}, "", [Rejection(b"x" * 200, "not JSON")] * 100)
        assert {path.name for path in tmp_path.rglob("*")} <= {"trial", "stderr.log"}


@pytest.mark.parametrize("size", [0, 1000, 20_000])
def test_a_disk_that_is_full_under_the_report_is_told_with_the_command_that_makes_it_again(
    size: int, tmp_path: Path
) -> None:
    RunFolder(tmp_path).write_model("summary.json", summary(trial()))
    with full_after(size), pytest.raises(PreflightError, match="cannot write the report") as fault:
        reports.write(tmp_path)
    assert f"bakeoff report {tmp_path.name}" in fault.value.remedy


class Editor:
    """Changes a JSON document as a person, a program or a bad disk would; everything follows from the dice."""

    VALUES: tuple[Any, ...] = (
        None,
        True,
        -1,
        0,
        10**30,
        1e308,
        "",
        "x",
        "\x1b[2J",
        [],
        [None],
        {},
        {"a": 1},
        [[[]]],
        "2026",
        -0.5,
    )

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def edited(self, document: Any) -> bytes:
        found = copy.deepcopy(document)
        for _ in range(self.dice.choice((1, 1, 3))):
            self.change(found)
        content = json.dumps(found).encode()
        match self.dice.randrange(8):
            case 0:
                return content[: self.dice.randrange(len(content))]
            case 1:
                at = self.dice.randrange(len(content))
                return content[:at] + self.dice.randbytes(2) + content[at + 1 :]
            case 2:
                return self.dice.choice((b"", b"[]", b"null", b"[" * 100_000, b"\xff", b"NaN", b"{}", b'"\\ud800"'))
            case _:
                return content

    def change(self, at: Any) -> None:
        """Walk down at random, and replace, remove or repeat what is there."""
        while True:
            keys = list(at) if isinstance(at, dict) else range(len(at))
            if not keys:
                return
            key = self.dice.choice(list(keys))
            if isinstance(at[key], dict | list) and at[key] and self.dice.random() < 0.9:
                at = at[key]
                continue
            if self.dice.random() < 0.2:
                del at[key]
            else:
                at[key] = copy.deepcopy(self.dice.choice(self.VALUES))
            return


@pytest.mark.parametrize("seed", [1, *slow(2, 3, 4, 5, 6, 7, 8)])
def test_an_edited_summary_is_shown_or_refused_with_a_way_out(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "draw", lambda found, folder: [])  # a second each: an example below draws
    run, editor, shown = RunFolder(tmp_path), Editor(random.Random(seed)), 0
    document = json.loads(crossover().model_dump_json(by_alias=True))
    for _ in range(40):
        (tmp_path / "summary.json").write_bytes(editor.edited(document))
        assert ls._line(run).run == run.id
        with contextlib.suppress(UsageError):
            shown += len(report._write_report(run)) > 0
    assert 0 < shown < 40


def test_a_summary_that_does_not_hold_together_is_a_usage_error_not_a_traceback(tmp_path: Path) -> None:
    curve = Curve(steps=(), loss=(1.0,), gradient_norm=(), weight_norm=())  # a curve of no steps with a loss
    fields: dict[str, Any] = {"recipe": "matched", "seed": 1, "precision": "float32", "tolerance": 1e-5, "steps": 1}
    fields |= {"largest_early": 1.0, "largest": 1.0, "first_beyond": None, "trials": ("a", "b"), "kind": "floor"}
    broken = StepDifference(contenders=("a", "a"), curve=curve, **fields)
    RunFolder(tmp_path).write_model("summary.json", summary(trial(), step_differences=(broken,)))
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(UsageError, match="no report can be made"):
        app(["report", str(tmp_path)], standalone_mode=False)


def test_an_edited_record_is_a_fault_that_its_readers_expect(tmp_path: Path) -> None:
    editor, document = Editor(random.Random(2)), json.loads(RECORD.model_dump_json())
    for _ in range(300):
        (tmp_path / "record.json").write_bytes(editor.edited(document))
        with contextlib.suppress(ValidationError):
            assert isinstance(load_record(tmp_path), Record)


def test_edited_files_of_an_earlier_run_are_taken_for_another_trial(tmp_path: Path) -> None:
    editor = Editor(random.Random(3))
    there, here = (RunFolder(tmp_path / name) for name in ("a", "b"))
    folder = there.trial(TRIAL)
    folder.begin(PLANNED.trial, datetime.now(UTC))
    folder.write_record(RECORD.model_copy(update={"status": Status.DONE, "image": PREPARED.image}))
    here.path.mkdir()
    for run in (there, here):
        (run.path / "comparison.json").write_text('{"engine": "docker", "device": "cpu"}')
        (run.path / "environment.json").write_text('{"host": {"cpu": "a made-up processor"}, "workers": {}}')
    assert earlier.find_reusable(PLANNED.trial, PREPARED, here) == folder.path
    names = ("comparison.json", "environment.json", f"trials/{TRIAL}/record.json", f"trials/{TRIAL}/trial.json")
    for name in names:
        whole = (there.path / name).read_bytes()
        for _ in range(60):
            (there.path / name).write_bytes(editor.edited(json.loads(whole)))
            assert earlier.find_reusable(PLANNED.trial, PREPARED, here) in (None, folder.path)
        (there.path / name).write_bytes(whole)


def test_an_edited_comparison_or_beginning_is_a_usage_error_with_a_way_out(tmp_path: Path) -> None:
    run, editor, read = RunFolder(tmp_path), Editor(random.Random(4)), 0
    document = json.loads(crossover().comparison.model_dump_json())
    for _ in range(200):
        for name in ("comparison.json", "run.json"):
            (tmp_path / name).write_bytes(editor.edited(document))
        with pytest.raises(UsageError, match=r"run\.json of .* cannot be read"):
            run.read_manifest()
        with contextlib.suppress(UsageError):
            read += Comparison.load(run.path) is not None
    assert 10 < read < 190
