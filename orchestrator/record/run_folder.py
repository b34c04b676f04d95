"""The run folder on disk: the one place that knows its file names, as `trial_folder` knows a trial's.

What is written last is renamed into place. Folders in which `COMPARISON` stands are runs, others are not.
"""

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
from typing import TypeVar

import filelock
from pydantic import BaseModel, ValidationError

from orchestrator.errors import OtherFormatError, PreflightError, UsageError
from orchestrator.record.files import disk_error, make_unique_folder, write, write_model
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record
from orchestrator.record.sentinel import SentinelSeries
from orchestrator.record.trial_folder import RECORD, TRIAL, TrialFolder, load_record
from orchestrator.spec.budget import Budget, to_toml
from shared.trial import Trial, from_json

MANIFEST = "run.json"
COMPARISON = "comparison.json"
ENVIRONMENT = "environment.json"
SUMMARY = "summary.json"
REPORT = "report.md"
PAGE = "report.html"
RESULTS = "results.parquet"
FIGURES = "figures"
REPRODUCTION = "reproduction.json"
SENTINEL = "sentinel.json"
BUDGET = "budget.toml"
TRIALS = "trials"
ARCHIVES = "archives"
"""Beside the run folders: what was unpacked of archives."""

LATEST = "latest"
"""Beside the run folders: a link to the newest."""
_LOCK = "run.lock"

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")

RUN_FOLDER_BYTES = 200 * 2**20
"""Free space that a comparison asks for: records, predictions and figures, with room to spare."""

_ELSEWHERE = "name another folder with --out"
_EARLIER = "use the version of bakeoff that wrote it, or run the comparison again"
_NEWER = "a newer bakeoff wrote it: use that one, or run the comparison again"

M = TypeVar("M", bound=BaseModel)


class RunFolder:
    """One comparison on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, slug: str, now: datetime | None = None) -> RunFolder:
        """Make `<out>/<UTC>-<slug>/` and point `<out>/latest` at it; PreflightError where that cannot be."""
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
        try:
            out.mkdir(parents=True, exist_ok=True)
            path = make_unique_folder(out, f"{stamp}-{slug}")
            _point(out / LATEST, path.name)
        except OSError as error:
            raise PreflightError(f"cannot write to {out}: {error.strerror}", _ELSEWHERE) from error
        return cls(path)

    @classmethod
    def find(cls, run: str, out: Path) -> RunFolder:
        """Find a run by path, name or unique beginning; `latest` works as a name. UsageError where there is none."""
        for path in (Path(run), out / run):
            if (path / SUMMARY).is_file() or (path / COMPARISON).is_file():
                return cls(path.resolve())
        matching = [folder for folder in list_runs(out) if folder.id.startswith(run)]
        if len(matching) == 1:
            return cls(matching[0].path.resolve())
        known = ", ".join(folder.id for folder in (matching or list_runs(out))[-5:]) or "none"
        fault = f"{run!r} begins {len(matching)} runs" if matching else f"no run {run!r}"
        raise UsageError(f"{fault} in {out}", f"newest runs: {known}; `bakeoff ls` lists all")

    @property
    def id(self) -> str:
        return self.path.name

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other hosts off this run while the block lasts; PreflightError where one is at it.

        The system lets go of the lock with the process, however that ends.
        """
        lock = filelock.FileLock(self.path / _LOCK)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise PreflightError(f"another bakeoff is at {self.id} already", "wait for it, or end it first") from error
        except OSError as error:
            raise disk_error(self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, manifest: Manifest, environment: BaseModel, comparison: BaseModel) -> None:
        """Write what a later host needs to resume the run, or to reuse trials of it. The last file makes it a run."""
        self.write_manifest(manifest)
        self.write_model(ENVIRONMENT, environment)
        self.write_model(COMPARISON, comparison)

    def write_budget(self, budget: Budget) -> None:
        """Write what the run is gated by as the file that its command names."""
        write(self.path / BUDGET, to_toml(budget).encode())

    def trial(self, trial_id: str) -> TrialFolder:
        """Return the folder of a trial, made where there is none."""
        return TrialFolder(self._trial(trial_id))

    def read_leftover(self, trial_id: str, name: str) -> bytes | None:
        """Read a file that a worker left, one of KEPT; None where there is none."""
        try:
            return (self._trial(trial_id) / name).read_bytes()
        except OSError:
            return None

    def read_record(self, trial_id: str) -> Record:
        """Read what happened in a trial; UsageError where it has no record, or one that cannot be read."""
        try:
            return load_record(self._trial(trial_id))
        except (OSError, ValidationError) as error:
            remedy = f"`bakeoff resume {self.id}` runs it"
            raise UsageError(f"{trial_id} of {self.id} has no record that can be read", remedy) from error

    def read_trial(self, trial_id: str) -> Trial | None:
        """Read what a trial's worker was given; None where none was started. UsageError where it cannot be read."""
        try:
            return from_json((self._trial(trial_id) / TRIAL).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            fault = f"{TRIALS}/{trial_id}/{TRIAL} of {self.id} cannot be read: {error}"
            raise UsageError(fault, "was it edited?") from error

    def read_records(self) -> list[Record]:
        """Read the records of all the run's trials, in the order of running; UsageError where one cannot be read."""
        return [self.read_record(trial_id) for trial_id in self.read_manifest().trials]

    def trial_ids(self) -> tuple[str, ...]:
        """Name the trials that have a folder, where no manifest does; sorted."""
        return tuple(sorted(path.name for path in (self.path / TRIALS).glob("*") if path.is_dir()))

    def record_name(self, trial_id: str) -> str:
        """Return where a trial's record is, or would be, in the folder."""
        return f"{TRIALS}/{trial_id}/{RECORD}"

    def write_manifest(self, manifest: Manifest) -> None:
        write_model(self.path / MANIFEST, manifest)

    def read_manifest(self) -> Manifest:
        """Read what the run was begun with; UsageError where that cannot be read."""
        return read(self.path / MANIFEST, Manifest)

    def read_sentinel(self) -> SentinelSeries | None:
        """Read how long the sentinel took before each block; None where the run has no such series. UsageError."""
        path = self.path / SENTINEL
        return read(path, SentinelSeries) if path.exists() else None

    def write_sentinel(self, series: SentinelSeries) -> None:
        write_model(self.path / SENTINEL, series)

    def write_model(self, name: str, model: BaseModel) -> None:
        write_model(self.path / name, model)

    def _trial(self, trial_id: str) -> Path:
        if not NAME.fullmatch(trial_id) or ".." in trial_id:
            raise UsageError(f"{trial_id!r} cannot name a folder", "use letters, digits, '.', '_' and '-'")
        return self.path / TRIALS / trial_id


def ensure_space(out: Path) -> None:
    """Make `out`, the folder of run folders; PreflightError where it cannot be written or is too full."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
        free_bytes = shutil.disk_usage(out).free
    except OSError as error:
        raise PreflightError(f"cannot write to {out}: {error.strerror}", _ELSEWHERE) from error
    if free_bytes < RUN_FOLDER_BYTES:
        raise PreflightError(
            f"{free_bytes / 1e6:,.0f} MB free for the run folder in {out}, {RUN_FOLDER_BYTES / 1e6:,.0f} MB needed",
            f"free space, or {_ELSEWHERE}",
        )


def list_runs(out: Path) -> list[RunFolder]:
    """List run folders, oldest first."""
    return [RunFolder(path.parent) for path in sorted(out.glob(f"*/{COMPARISON}")) if not path.parent.is_symlink()]


def read(path: Path, kind: type[M]) -> M:
    """Read a file of a run folder as a model; UsageError where it is missing or is none."""
    run = path.parent.name
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        remedy = f"`bakeoff resume {run}` ends it"
        raise UsageError(f"{run} has no {path.name}: its comparison did not end", remedy) from error
    except OSError as error:
        raise UsageError(f"{path.name} of {run} cannot be read: {error.strerror}", "was it edited?") from error
    except ValidationError as error:
        _refuse_other_format(path, kind)
        raise UsageError(f"{path.name} of {run} cannot be read: {_first(error)}", "was it edited?") from error


def _refuse_other_format(path: Path, kind: type[BaseModel]) -> None:
    """Raise OtherFormatError where a document names another format than `kind` has, or where run.json beside one does.

    Some files of a run folder name no format of their own: run.json, written by the same bakeoff, names it for them.
    """
    field = kind.model_fields.get("schema_name")
    named, schema = (path, field) if field else (path.with_name(MANIFEST), Manifest.model_fields["schema_name"])
    try:
        written = named.read_bytes()
    except OSError:
        return
    what = "it" if named == path else named.name
    compare_formats(written, f"{path.name} of {path.parent.name}", str(schema.default), what)


def compare_formats(written: bytes, unread: str, known: str, what: str = "it") -> None:
    """Raise OtherFormatError where a document names a format that is not `known`; do nothing where it names none.

    `unread` is what cannot be read because of that, `what` the document in its words.
    """
    try:
        found = json.loads(written).get("schema")
    except (ValueError, AttributeError, RecursionError):
        return
    if not isinstance(found, str) or found == known:
        return
    fault = f"{unread} cannot be read: {what} is of the format {found[:40]}, not {known}"
    raise OtherFormatError(fault, _NEWER if _number(found) > _number(known) else _EARLIER)


def _number(schema: str) -> int:
    """Return the number of a format, 0 where it has none: 3 of "bakeoff/run/3"."""
    number = schema.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def _first(error: ValidationError) -> str:
    """Write the first of a document's faults with its place: "trials.0.seed: Field required"."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}"[:400] if place else str(first["msg"])[:400]


def _point(link: Path, target: str) -> None:
    """Let a link point at another folder, without a moment in which there is none."""
    aside = link.with_name(f".{LATEST}-{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
