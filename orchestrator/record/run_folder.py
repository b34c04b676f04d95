"""The run folder: the one place that knows its file names. What is written last is renamed into place."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import filelock
from pydantic import BaseModel, ValidationError

from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.files import fault, fresh, write, write_model
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record
from orchestrator.record.trial_folder import TrialFolder, read_record

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")

RUN_FOLDER_BYTES = 200 * 2**20
"""Free space that a comparison asks for: records, predictions and figures, with room to spare."""


class RunFolder:
    """One comparison on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    def trial(self, trial_id: str) -> TrialFolder:
        return TrialFolder(self.path / "trials" / _safe(trial_id))

    def left(self, trial_id: str, name: str) -> bytes | None:
        """Read a file that a worker left, one of KEPT; None where there is none."""
        try:
            return (self.path / "trials" / _safe(trial_id) / name).read_bytes()
        except OSError:
            return None

    def write_json(self, name: str, document: Any) -> None:
        write(self.path / name, json.dumps(document, indent=2, allow_nan=False).encode() + b"\n")

    def write_summary(self, summary: BaseModel) -> None:
        write_model(self.path / "summary.json", summary)

    def write_beginning(self, beginning: Manifest) -> None:
        write_model(self.path / "run.json", beginning)

    def read_beginning(self) -> Manifest:
        """Read what the run was begun with; UsageError where that cannot be read."""
        return read(self.path / "run.json", Manifest)

    def read_json(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"{name} of {self.id} cannot be read: {str(error)[:400]}", "was it edited?") from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other hosts off this run while the block lasts; PreflightError where one is at it.

        The system lets go of the lock with the process, however that ends.
        """
        lock = filelock.FileLock(self.path / "run.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise PreflightError(f"another bakeoff is at {self.id} already", "wait for it, or end it first") from error
        except OSError as error:
            raise fault(self.path, error) from error
        try:
            yield
        finally:
            lock.release()


def check(out: Path, needed_bytes: int = RUN_FOLDER_BYTES) -> None:
    """Make `out` ready for run folders; PreflightError where it cannot be written or is too full."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
        free_bytes = shutil.disk_usage(out).free
    except OSError as error:
        raise PreflightError(f"cannot write to {out}: {error.strerror}", _ELSEWHERE) from error
    if free_bytes < needed_bytes:
        raise PreflightError(
            f"{free_bytes / 1e6:,.0f} MB free for the run folder in {out}, {needed_bytes / 1e6:,.0f} MB needed",
            f"free space, or {_ELSEWHERE}",
        )


def create(out: Path, slug: str, now: datetime | None = None) -> RunFolder:
    """Make `<out>/<UTC>-<slug>/` and point `<out>/latest` at it; PreflightError where that cannot be."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = fresh(out, f"{stamp}-{slug}")
        _point(out / "latest", path.name)
    except OSError as error:
        raise PreflightError(f"cannot write to {out}: {error.strerror}", _ELSEWHERE) from error
    return RunFolder(path)


_ELSEWHERE = "name another folder with --out"


def find(run: str, out: Path) -> RunFolder:
    """Find a run by path, name or unique beginning; `latest` works as a name."""
    for path in (Path(run), out / run):
        if (path / "summary.json").is_file() or (path / "comparison.json").is_file():
            return RunFolder(path.resolve())
    begun = [folder for folder in runs(out) if folder.id.startswith(run)]
    if len(begun) == 1:
        return RunFolder(begun[0].path.resolve())
    known = ", ".join(folder.id for folder in (begun or runs(out))[-5:]) or "none"
    fault = f"{run!r} begins {len(begun)} runs" if begun else f"no run {run!r}"
    raise UsageError(f"{fault} in {out}", f"newest runs: {known}; `bakeoff ls` lists all")


def runs(out: Path) -> list[RunFolder]:
    """List run folders, oldest first."""
    return [RunFolder(path.parent) for path in sorted(out.glob("*/comparison.json")) if not path.parent.is_symlink()]


def read_records(folder: Path) -> list[Record]:
    """Read the records of a run's trials, in the order of their names."""
    return [read_record(path.parent) for path in sorted(folder.glob("trials/*/record.json"))]


M = TypeVar("M", bound=BaseModel)


def read(path: Path, kind: type[M]) -> M:
    run = path.parent.name
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        remedy = f"`bakeoff resume {run}` ends it"
        raise UsageError(f"{run} has no {path.name}: its comparison did not end", remedy) from error
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path.name} of {run} cannot be read: {str(error)[:400]}", "was it edited?") from error


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".latest-{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


def _safe(name: str) -> str:
    if not NAME.fullmatch(name) or ".." in name:
        raise UsageError(f"{name!r} cannot name a folder", "use letters, digits, '.', '_' and '-'")
    return name
