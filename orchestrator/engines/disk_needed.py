"""Whether images or environments that are still to be built have room, by the sizes that contender.toml estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.engines.check import Check, State
from orchestrator.spec.contenders import Contender, offered_contenders

BUILD_SPACE_FACTOR = 1.3  # layers, and what pip unpacks on the way


def estimated_bytes(missing: Iterable[Contender], variant: str, images: Path) -> dict[str, int]:
    """Return the bytes of the image or environment of each, by written name."""
    offered = offered_contenders(images)
    return {each.written: offered[each.name].variants[variant].size_bytes for each in missing}


def check_room(
    free_bytes: int | None, missing: Mapping[str, int], remedy: str, place: str = "the engine's disk"
) -> Check:
    """Compare the free space with what is missing: contender → bytes of its image or environment."""
    needed = int(sum(missing.values()) * BUILD_SPACE_FACTOR)
    free = f"{free_bytes / 1e9:.1f} GB of {place} free" if free_bytes is not None else f"{place} cannot be seen"
    names = " and ".join(missing)
    if not missing:
        state, found = State.OK, f"nothing left to build; {free}"
    elif free_bytes is None:
        state, found = State.SKIPPED, f"{free}; {names} will need {needed / 1e9:.1f} GB"
    else:
        state = State.FAILED if free_bytes < needed else State.OK
        need = "needs" if len(missing) == 1 else "need"
        found = f"{names} {need} {needed / 1e9:.1f} GB of {place}, {free_bytes / 1e9:.1f} are free"
    return Check(
        id="disk.images",
        title="disk for images",
        state=state,
        found=found,
        why="a build that fills the disk fails after minutes, and takes other containers with it",
        fix=remedy if state is State.FAILED else "",
    )
