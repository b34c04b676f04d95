"""What one trial leaves on disk. Its events are append-only; what is written last is renamed into place."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from orchestrator.record.files import disk_error, make_unique_folder, name_disk_errors, write, write_model
from orchestrator.record.record import Record
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Rejection
from shared.leftovers import EVENTS, PREDICTIONS, STEPS, VALIDATION
from shared.trial import Trial, to_json

TRIAL = "trial.json"
STARTED = "started.json"
REJECTED = "rejected.jsonl"
STDERR = "stderr.log"
RECORD = "record.json"

KEPT = (PREDICTIONS, VALIDATION, STEPS)
"""Files of a worker that a trial's folder keeps; events are appended as they come, audits stand in the record."""

ATTEMPTS = "attempts"
"""Where a trial's folder keeps what a resumed run could not go on with."""


class TrialFolder:
    """What one trial leaves on disk. Events are appended as they come, so a cut loses at most a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with name_disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)

    def begin(self, trial: Trial, started_at: datetime) -> None:
        """Note that a worker is about to be started, having put an earlier attempt aside."""
        self._put_aside()
        write(self.path / TRIAL, to_json(trial).encode())
        write(self.path / STARTED, json.dumps({"at": started_at.isoformat()}).encode())

    def started_at(self) -> datetime | None:
        """Tell when an earlier host started, or was about to start, this trial's worker; None where none did."""
        try:
            return datetime.fromisoformat(json.loads((self.path / STARTED).read_bytes())["at"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def read_journal(self) -> bytes:
        """Return the whole lines of events.jsonl, and cut off a last one that is not."""
        path = self.path / EVENTS
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with name_disk_errors(path):
                os.truncate(path, len(whole))
        return whole

    @contextlib.contextmanager
    def journal(self) -> Iterator[Callable[[NumberedEvent], None]]:
        """Hold events.jsonl open and hand out what appends an event: it is with the system when the call returns."""
        with name_disk_errors(self.path):
            file = (self.path / EVENTS).open("ab")

        def append(numbered: NumberedEvent) -> None:
            try:  # not `with name_disk_errors`: a context manager costs as much as the write
                file.write(numbered.line + b"\n")
                file.flush()
            except OSError as error:
                raise disk_error(self.path, error) from error

        try:
            yield append
        finally:
            with name_disk_errors(self.path):
                file.close()

    def append(self, events: Iterable[NumberedEvent]) -> None:
        with self.journal() as append:
            for numbered in events:
                append(numbered)

    def write_leftovers(self, files: Mapping[str, bytes], stderr: str, refusals: Iterable[Rejection]) -> None:
        """Keep what the worker left; an empty rejected.jsonl says that nothing was refused."""
        for name in KEPT:
            if name in files:
                write(self.path / name, files[name])
        write(self.path / STDERR, stderr.encode("utf-8", "backslashreplace"))
        rows = (json.dumps({"reason": refusal.reason, "line": repr(refusal.line)}) for refusal in refusals)
        write(self.path / REJECTED, "".join(f"{row}\n" for row in rows).encode())

    def write_record(self, record: Record) -> None:
        write_model(self.path / RECORD, record)

    def record(self) -> Record | None:
        """Return the record, None where there is none that can be read."""
        try:
            return load_record(self.path)
        except (OSError, ValidationError):
            return None

    def _put_aside(self) -> None:
        """Keep an earlier attempt under attempts/: nothing that was measured is thrown away."""
        if self.started_at() is None:
            return
        with name_disk_errors(self.path):
            (self.path / ATTEMPTS).mkdir(exist_ok=True)
            aside = make_unique_folder(self.path / ATTEMPTS, "attempt")
            there = [path for path in self.path.iterdir() if path.name != ATTEMPTS]
            for path in sorted(there, key=lambda path: path.name == STARTED):  # last: its absence says "done"
                path.rename(aside / path.name)


def load_record(trial: Path) -> Record:
    """Read the record in a trial's folder. Raises OSError or ValidationError."""
    return Record.model_validate_json((trial / RECORD).read_bytes())
