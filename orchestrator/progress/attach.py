"""Shows a run that another process runs, from its folder alone: reads what is written there, and writes nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestrator.analyse.analyse import look_at_records
from orchestrator.analyse.interim_look import Look
from orchestrator.analyse.load import in_order_asked_for
from orchestrator.analyse.summary import Comparison
from orchestrator.plan.plan import Plan
from orchestrator.progress.view import View
from orchestrator.record.manifest import Host
from orchestrator.record.record import Record
from orchestrator.record.run_folder import TRIALS, RunFolder
from orchestrator.record.trial_folder import RECORD, STARTED, load_record
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.stream.contract import NumberedEvent, RejectedLineError, decode
from shared.leftovers import EVENTS


@dataclass
class _Trial:
    """How far one trial was shown."""

    path: Path
    read_bytes: int = 0
    started: bool = False
    record: Record | None = None


class Attached:
    """One run, shown from where the last question left it."""

    def __init__(self, folder: RunFolder, plan: Plan, view: View) -> None:
        self._comparison = Comparison.load(folder.path)
        self._view = view
        self._trials = {planned.id: _Trial(folder.path / TRIALS / planned.id) for planned in plan.trials}
        self._looks: list[Look] = []

    def update(self) -> None:
        """Show what was written since the last time."""
        for name, trial in self._trials.items():
            if trial.record is None:
                self._show(name, trial)
        if self._comparison.until_decided:
            self._look()

    def _show(self, name: str, trial: _Trial) -> None:
        if not trial.started and ((trial.path / STARTED).exists() or (trial.path / RECORD).exists()):
            trial.started = True
            self._view.trial_started(name)
        record = _record(trial.path)  # before the events: all of them are there once it is
        for numbered in _new_events(trial):
            self._view.event(name, numbered.event)
        if record is not None:
            trial.record = record
            self._view.trial_ended(record)

    def _look(self) -> None:
        """Look where the run itself does."""
        records = [trial.record for trial in self._trials.values() if trial.record]
        found = look_at_records(self._comparison, in_order_asked_for(records, self._comparison))
        if found not in self._looks and (found.next_blocks is None or found.blocks in LOOKS):
            self._looks.append(found)
            self._view.looked(found)


def is_gone(host: Host) -> bool:
    """Tell whether a run's process has ended; one on another machine is taken to be there."""
    if host.name != platform.node():
        return False
    try:
        os.kill(host.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's
        return False
    return False


def _new_events(trial: _Trial) -> Iterator[NumberedEvent]:
    """Yield the events of the whole lines that are new; of a trial that was started again, from its first."""
    try:
        with (trial.path / EVENTS).open("rb") as file:
            if trial.read_bytes > os.fstat(file.fileno()).st_size:
                trial.read_bytes = 0
            file.seek(trial.read_bytes)
            content = file.read()
    except OSError:  # not there yet
        return
    whole = content[: content.rfind(b"\n") + 1]
    trial.read_bytes += len(whole)
    for line in whole.splitlines():
        try:
            yield decode(line)
        except RejectedLineError:  # somebody edited it
            continue


def _record(path: Path) -> Record | None:
    try:
        return load_record(path)
    except (OSError, ValidationError):
        return None
