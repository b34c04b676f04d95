"""What can be read of a run folder, whole or damaged: each of its files, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from orchestrator.analyse.summary import Comparison, Environment, Summary
from orchestrator.errors import OtherFormatError, UsageError
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record
from orchestrator.record.run_folder import COMPARISON, ENVIRONMENT, MANIFEST, SUMMARY, RunFolder
from orchestrator.values import Value

T = TypeVar("T")


class Part(Value):
    """One file of a run folder. A trial that has not run yet has no record, which is no damage."""

    name: str
    state: Literal["read", "absent", "damaged"]
    fault: str = ""  # of a damaged one


@dataclass(frozen=True)
class RunContents:
    """A run folder as far as it can be read."""

    folder: RunFolder
    comparison: Comparison | None
    manifest: Manifest | None
    environment: Environment | None
    summary: Summary | None
    records: tuple[Record, ...]  # in the order of running
    parts: tuple[Part, ...]

    @property
    def ended(self) -> bool:
        """Tell whether the run ended, as far as its files say."""
        return self.summary is not None or (self.comparison is not None and self.comparison.ended_at is not None)

    @property
    def damaged(self) -> tuple[Part, ...]:
        """Return the parts that cannot be read; of a run that ended also those that are not there."""
        states = ("damaged", "absent") if self.ended else ("damaged",)
        return tuple(part for part in self.parts if part.state in states)

    @property
    def remedy(self) -> str:
        """Return the way out of the damage."""
        names = {part.name for part in self.damaged}
        if names == {SUMMARY}:
            return f"the records are whole: `bakeoff report --again {self.folder.id}` makes {SUMMARY} anew"
        if self.summary and MANIFEST not in names:
            return f"{SUMMARY} has the numbers; put back the others from a copy if it is to be analysed again"
        return "put them back from a copy or an archive, or run the comparison again"


def read_contents(folder: RunFolder, *, records: bool = True) -> RunContents:
    """Read every file of a run folder that can be read. Raises OtherFormatError where another bakeoff wrote it.

    Without `records` those of a run that has a summary are left out: they are most of the bytes.
    """
    parts: list[Part] = []
    manifest = _part(parts, folder, MANIFEST, folder.read_manifest)
    summary = _part(parts, folder, SUMMARY, lambda: Summary.load(folder.path))
    trials = folder.trial_ids() if manifest is None else manifest.trials
    return RunContents(
        folder=folder,
        manifest=manifest,
        comparison=_part(parts, folder, COMPARISON, lambda: Comparison.load(folder.path)),
        environment=_part(parts, folder, ENVIRONMENT, lambda: Environment.load(folder.path)),
        summary=summary,
        records=_records(parts, folder, trials) if records or summary is None else (),
        parts=tuple(parts),
    )


def _records(parts: list[Part], folder: RunFolder, trials: tuple[str, ...]) -> tuple[Record, ...]:
    names = {trial: folder.record_name(trial) for trial in trials}
    read = (_part(parts, folder, names[trial], partial(folder.read_record, trial)) for trial in trials)
    return tuple(record for record in read if record)


def _part(parts: list[Part], folder: RunFolder, name: str, load: Callable[[], T]) -> T | None:
    """Read one file and note what came of it."""
    try:
        found = load()
    except OtherFormatError:
        raise
    except UsageError as error:
        there = (folder.path / name).exists()
        parts.append(Part(name=name, state="damaged" if there else "absent", fault=error.one_line if there else ""))
        return None
    parts.append(Part(name=name, state="read"))
    return found
