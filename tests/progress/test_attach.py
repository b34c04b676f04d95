"""A run that another process runs is shown from its folder as that process saw it."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.plan.plan import Plan
from orchestrator.progress.attach import Attached, is_gone
from orchestrator.record.manifest import this_host
from orchestrator.record.record import Record
from orchestrator.record.run_folder import RunFolder
from shared.events import Event
from tests.support.line import SPEC, Line


class Noting:
    """A view that notes what it is shown, and the plan."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.plan: Plan | None = None
        self._view = console.view("quiet", io.StringIO())

    def plan_made(self, plan: Plan, heading: str) -> None:
        self.plan = plan

    def trial_started(self, trial_id: str) -> None:
        self.shown.append((trial_id, "started"))

    def event(self, trial_id: str, event: Event) -> None:
        self.shown.append((trial_id, repr(event)))

    def trial_ended(self, record: Record) -> None:
        self.shown.append((record.id, record.status.value))

    def of(self, trial: str) -> list[str]:
        return [what for name, what in self.shown if name == trial]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


@pytest.fixture(scope="module")
def ran(line: Line) -> tuple[RunFolder, Noting]:
    """A run that has ended, and what its own view saw."""
    view = Noting()
    folder, _ = pipeline.compare(SPEC, line.runtime(), view)
    return folder, view


def attach(folder: RunFolder, ran: tuple[RunFolder, Noting]) -> tuple[Attached, Noting]:
    view, plan = Noting(), ran[1].plan
    assert plan is not None
    return Attached(folder, plan, view), view


def test_all_that_a_runs_own_view_saw_is_shown_once(ran: tuple[RunFolder, Noting]) -> None:
    folder, own = ran
    attached, view = attach(folder, ran)
    for _ in range(2):
        attached.update()
    for trial in folder.read_manifest().trials:
        assert view.of(trial) == own.of(trial)


def test_what_is_written_later_follows_and_half_a_line_waits(ran: tuple[RunFolder, Noting], tmp_path: Path) -> None:
    """A trial that has just begun: its record and the second half of its events come later."""
    trial = ran[0].read_manifest().trials[0]
    folder = RunFolder(Path(shutil.copytree(ran[0].path, tmp_path / "run")))
    path = folder.path / "trials" / trial
    record, events = (path / "record.json").read_bytes(), (path / "events.jsonl").read_bytes()
    (path / "record.json").unlink()
    (path / "events.jsonl").write_bytes(events[: len(events) // 2])
    attached, view = attach(folder, ran)
    attached.update()
    own = ran[1].of(trial)
    early = view.of(trial)
    assert early == own[: len(early)]
    assert 1 < len(early) < len(own)
    (path / "events.jsonl").write_bytes(events)
    attached.update()
    assert view.of(trial) == own[:-1]
    (path / "record.json").write_bytes(record)
    attached.update()
    assert view.of(trial) == own


def test_watching_writes_nothing(ran: tuple[RunFolder, Noting], tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(ran[0].path, tmp_path / "run")))
    trial = folder.path / "trials" / ran[0].read_manifest().trials[-1]
    shutil.rmtree(trial)  # has not begun
    before = sorted(path.relative_to(folder.path) for path in folder.path.rglob("*"))
    attach(folder, ran)[0].update()
    assert sorted(path.relative_to(folder.path) for path in folder.path.rglob("*")) == before


def test_a_process_that_has_ended_is_gone_and_one_elsewhere_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    here = this_host()
    assert not is_gone(here)
    assert is_gone(here.replace(pid=process.pid))
    assert not is_gone(here.replace(pid=process.pid, name="another-machine"))
