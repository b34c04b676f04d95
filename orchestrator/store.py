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
from typing import Any, TypeVar

import filelock
from pydantic import BaseModel, ValidationError

from orchestrator.beginning import Beginning
from orchestrator.contract import Numbered
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record import Record
from orchestrator.stream import Refusal
from orchestrator.summary import Comparison, Summary
from shared.trial import Trial, to_json

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")

KEPT = ("predictions.npy", "steps.npz")
"""Files of a worker that a trial's folder keeps; events are appended as they come, audits stand in the record."""

ATTEMPTS = "attempts"
"""Where a trial's folder keeps what a resumed run could not go on with."""

RUN_FOLDER_BYTES = 200 * 2**20
"""Free space that a comparison asks for: records, predictions and figures, with room to spare."""


class TrialFolder:
    """What one trial leaves on disk. Events are appended as they come, so a cut loses at most a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _disk(path):
            path.mkdir(parents=True, exist_ok=True)

    def begin(self, trial: Trial, started_at: datetime) -> None:
        """Note that a worker is about to be started, having put an earlier attempt aside."""
        self._put_aside()
        _write(self.path / "trial.json", to_json(trial).encode())
        _write(self.path / "started.json", json.dumps({"at": started_at.isoformat()}).encode())

    def started_at(self) -> datetime | None:
        """Tell when an earlier host started, or was about to start, this trial's worker; None where none did."""
        try:
            return datetime.fromisoformat(json.loads((self.path / "started.json").read_bytes())["at"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def recorded(self) -> bytes:
        """Return the whole lines of events.jsonl, and cut off a last one that is not."""
        path = self.path / "events.jsonl"
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with _disk(path):
                os.truncate(path, len(whole))
        return whole

    @contextlib.contextmanager
    def journal(self) -> Iterator[Callable[[Numbered], None]]:
        """Hold events.jsonl open and hand out what appends an event: it is with the system when the call returns."""
        with _disk(self.path):
            file = (self.path / "events.jsonl").open("ab")

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

    def record(self) -> Record | None:
        """Return the record, None where there is none that can be read."""
        try:
            return read_record(self.path)
        except (OSError, ValidationError):
            return None

    def _put_aside(self) -> None:
        """Keep an earlier attempt under attempts/: nothing that was measured is thrown away."""
        if self.started_at() is None:
            return
        with _disk(self.path):
            (self.path / ATTEMPTS).mkdir(exist_ok=True)
            aside = _fresh(self.path / ATTEMPTS, "attempt")
            there = [path for path in self.path.iterdir() if path.name != ATTEMPTS]
            for path in sorted(there, key=lambda path: path.name == "started.json"):  # last: its absence says "done"
                path.rename(aside / path.name)


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

    def write_beginning(self, beginning: Beginning) -> None:
        write_model(self.path / "run.json", beginning)

    def read_beginning(self) -> Beginning:
        """Read what the run was begun with; UsageError where that cannot be read."""
        return _read(self.path / "run.json", Beginning)

    def read_comparison(self) -> Comparison:
        """Read what is compared, without the spec that stands beside it. Raises UsageError."""
        document = self.read_json("comparison.json")
        try:
            return Comparison.model_validate({key: value for key, value in document.items() if key != "spec"})
        except (ValidationError, AttributeError) as error:
            raise UsageError(
                f"comparison.json of {self.id} cannot be read: {str(error)[:400]}", "was it edited?"
            ) from error

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
            raise _fault(self.path, error) from error
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
    return _read(folder / "summary.json", Summary)


def read_records(folder: Path) -> list[Record]:
    """Read the records of a run's trials, in the order of their names."""
    return [read_record(path.parent) for path in sorted(folder.glob("trials/*/record.json"))]


def read_record(trial: Path) -> Record:
    """Read the record in a trial's folder. Raises OSError or ValidationError."""
    return Record.model_validate_json((trial / "record.json").read_bytes())


M = TypeVar("M", bound=BaseModel)


def _read(path: Path, kind: type[M]) -> M:
    run = path.parent.name
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        remedy = f"`bakeoff resume {run}` ends it"
        raise UsageError(f"{run} has no {path.name}: its comparison did not end", remedy) from error
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path.name} of {run} cannot be read: {str(error)[:400]}", "was it edited?") from error


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
