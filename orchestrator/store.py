"""The run folder: the one place that knows its file names. What is written last is renamed into place."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ValidationError

from orchestrator.contract import Numbered
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record import Record
from orchestrator.stream import Refusal
from orchestrator.summary import Summary
from shared.events import LINE_LIMIT_BYTES
from shared.trial import Trial, to_json

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")

KEPT = ("predictions.npy", "steps.npz")
"""Files of a worker that a trial's folder keeps; events are appended as they come, audits stand in the record."""

RUN_FOLDER_BYTES = 200 * 2**20
"""Free space that a comparison asks for: records, predictions and figures, with room to spare."""


class TrialFolder:
    """What one trial leaves on disk. Events are appended as they come, so a cut loses at most a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _disk(path):
            path.mkdir(parents=True)

    def write_trial(self, trial: Trial) -> None:
        _write(self.path / "trial.json", to_json(trial).encode())

    @contextlib.contextmanager
    def journal(self) -> Iterator[Callable[[Numbered], None]]:
        """Hold events.jsonl open and hand out what appends an event: it is with the system when the call returns.

        A torn last line, which a kill or a full disk leaves, goes first: it was not recorded, and may come again.
        """
        with _disk(self.path):
            file = (self.path / "events.jsonl").open("ab+")
            _end_whole(file)

        def append(numbered: Numbered) -> None:
            try:  # not `with _disk`: a context manager costs as much as the write
                file.write(numbered.line + b"\n")
                file.flush()
            except OSError as error:
                raise _fault(self.path, error) from error

        try:
            yield append
        finally:
            with _disk(self.path):
                file.close()

    def append(self, events: Iterable[Numbered]) -> None:
        with self.journal() as append:
            for numbered in events:
                append(numbered)

    def write_left(self, files: Mapping[str, bytes], stderr: str, refusals: Iterable[Refusal]) -> None:
        """Keep what the worker left; an empty rejected.jsonl says that nothing was refused."""
        for name in KEPT:
            if name in files:
                _write(self.path / name, files[name])
        _write(self.path / "stderr.log", stderr.encode("utf-8", "backslashreplace"))
        rows = (json.dumps({"reason": refusal.reason, "line": repr(refusal.line)}) for refusal in refusals)
        _write(self.path / "rejected.jsonl", "".join(f"{row}\n" for row in rows).encode())

    def write_record(self, record: Record) -> None:
        write_model(self.path / "record.json", record)


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
        _write(self.path / name, json.dumps(document, indent=2, allow_nan=False).encode() + b"\n")

    def write_summary(self, summary: Summary) -> None:
        write_model(self.path / "summary.json", summary)


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
        path = _fresh(out, f"{stamp}-{slug}")
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


def read_summary(folder: Path) -> Summary:
    """Read summary.json; UsageError where it is missing or of another schema."""
    try:
        return Summary.model_validate_json((folder / "summary.json").read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"{folder.name} has no summary.json: its comparison did not end", "run it again") from error
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"summary.json of {folder.name} cannot be read: {str(error)[:400]}", "was it edited?"
        ) from error


def read_records(folder: Path) -> list[Record]:
    """Read the records of a run's trials, in the order of their names."""
    return [read_record(path.parent) for path in sorted(folder.glob("trials/*/record.json"))]


def read_record(trial: Path) -> Record:
    """Read the record in a trial's folder. Raises OSError or ValidationError."""
    return Record.model_validate_json((trial / "record.json").read_bytes())


def write_model(path: Path, model: BaseModel) -> None:
    _write(path, model.model_dump_json(indent=2).encode() + b"\n")


def _fresh(out: Path, name: str) -> Path:
    """Make a folder that did not exist, so that two comparisons of one second never mix."""
    for suffix in ("", *(f"-{count}" for count in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            (out / (name + suffix)).mkdir()
            return out / (name + suffix)
    raise FileExistsError(0, "a hundred runs in one second")


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".latest-{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)


def _write(path: Path, content: bytes) -> None:
    """Write aside, flush to disk, rename: a reader sees the old file or the new one, never half."""
    with _disk(path), tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _end_whole(file: BinaryIO) -> None:
    """Cut off what follows the last newline; a line is shorter than LINE_LIMIT_BYTES."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LINE_LIMIT_BYTES))
    torn = file.read(min(size, LINE_LIMIT_BYTES)).rpartition(b"\n")[2]
    if torn:
        file.truncate(size - len(torn))


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Name the fault where the disk does not take a file; a comparison cannot go on without its records."""
    try:
        yield
    except OSError as error:
        raise _fault(path, error) from error


def _fault(path: Path, error: OSError) -> PreflightError:
    remedy = "free space, or name another folder with --out; what was written before stays"
    return PreflightError(f"cannot write {path}: {error.strerror}", remedy)


def _safe(name: str) -> str:
    if not NAME.fullmatch(name) or ".." in name:
        raise UsageError(f"{name!r} cannot name a folder", "use letters, digits, '.', '_' and '-'")
    return name
