"""Whether what is still to be built and written has room. Sizes are the estimates of contender.toml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrator.doctor.check import Check, State, refused
from orchestrator.errors import PreflightError
from orchestrator.record import run_folder as store

BUILD_SPACE_FACTOR = 1.3  # layers, and what pip unpacks on the way

_RUNS_WHY = "records are written while trials run: a full disk ends a comparison half way"


def images(free_bytes: int | None, missing: Mapping[str, int], remedy: str, place: str = "the engine's disk") -> Check:
    """Hold the free space against what is missing: contender → bytes of its image or environment."""
    needed = int(sum(missing.values()) * BUILD_SPACE_FACTOR)
    free = f"{free_bytes / 1e9:.1f} GB of {place} free" if free_bytes is not None else f"{place} cannot be seen"
    if not missing:
        state, found = State.OK, f"nothing left to build; {free}"
    elif free_bytes is None:
        state, found = State.SKIPPED, f"{free}; {_list(missing)} will need {needed / 1e9:.1f} GB"
    else:
        short = free_bytes < needed
        state = State.FAILED if short else State.OK
        found = f"{_list(missing)} {_need(missing)} {needed / 1e9:.1f} GB of {place}, {free_bytes / 1e9:.1f} are free"
    return Check(
        id="disk.images",
        title="disk for images",
        state=state,
        found=found,
        why="a build that fills the disk fails after minutes, and takes other containers with it",
        fix=remedy if state is State.FAILED else "",
    )


def runs(out: Path) -> Check:
    """Ask the store whether it would take a comparison, without making the folder."""
    id_, title = "disk.runs", "disk for runs"
    try:
        store.ensure_space(next(folder for folder in (out, *out.absolute().parents) if folder.exists()))
    except PreflightError as error:
        return refused(id_, title, _RUNS_WHY, error)
    needed = store.RUN_FOLDER_BYTES / 1e6
    return Check(id=id_, title=title, state=State.OK, found=f"{out} takes the {needed:.0f} MB asked for", why=_RUNS_WHY)


def _list(missing: Mapping[str, int]) -> str:
    return " and ".join(missing)


def _need(missing: Mapping[str, int]) -> str:
    return "needs" if len(missing) == 1 else "need"
