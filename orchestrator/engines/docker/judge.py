"""Turns facts about a Docker Engine into checks: what answers, its clock, base images, GPUs, the data volume."""

from __future__ import annotations

import re

from orchestrator.engines.check import Check, State, refused
from orchestrator.engines.docker.base_image import OTHER_BASE
from orchestrator.engines.docker.inspection import PODMAN, BaseImage, Identity
from orchestrator.errors import PreflightError
from orchestrator.spec.gpu_faults import NO_TOOLKIT

TITLE = "Docker Engine"
WHY = "it keeps each contender's framework and its libraries apart, with the same limits for all"

UNASKED = re.compile(r"is not supported$|^Not Found$")
"""What Podman says to the question whether a registry has an image, which its service does not know."""

_PODMAN_LACKS = (
    "Podman answers in Docker's place: it may not tell why a worker was killed (memory, or somebody), nor whether a"
    " registry has an image, and a container may also write to memory at /run and /var/tmp"
)

CLOCK_TOLERANCE_SECONDS = 5.0
"""Clocks further apart make a report's times and the engine's disagree; durations are never taken from them."""


def unreachable(error: PreflightError) -> Check:
    return refused("engine", TITLE, WHY, error)


def reached(engine: Identity, named: str) -> Check:
    """Say which engine answers: with several on a machine the wrong one looks empty."""
    by = f", named by {named}" if named else ""
    found = f"{engine.product} {engine.version} (API {engine.api}), {engine.place}{by}; {engine.surroundings}"
    return Check(id="engine", title=TITLE, state=State.OK, found=found, why=WHY)


def notice(product: str) -> str:
    """Say what an engine that speaks Docker's API does not do as Docker does; "" for Docker itself."""
    return _PODMAN_LACKS if product == PODMAN else ""


def lacks(engine: Identity) -> Check:
    """Say where the engine is not Docker."""
    return Check(
        id="engine.lacks",
        title="not Docker",
        state=State.WARNING,
        found=notice(engine.product),
        why="an unclear end of a trial, or an image that cannot be had, is then harder to explain",
        fix="nothing needs to be done; with Docker these are told",
    )


def clock(engine: Identity) -> Check:
    difference = abs(engine.ahead_seconds)
    direction = "ahead of" if engine.ahead_seconds > 0 else "behind"
    late = difference > CLOCK_TOLERANCE_SECONDS
    return Check(
        id="engine.clock",
        title="clock",
        state=State.WARNING if late else State.OK,
        found=f"the engine's is {difference:.1f} s {direction} this machine's" if late else f"{difference:.1f} s apart",
        why="a report's dates come from here and a container's from there; durations are measured within one",
        fix="set both by NTP; a virtual machine of Docker Desktop drifts while the computer sleeps: restart it"
        if late
        else "",
    )


def base(image: BaseImage, needed: bool) -> Check:
    """Judge the base image; one that no image has still to be built on may be absent."""
    if image.present:
        state, found = State.OK, f"{image.name} is here"
    elif not needed:
        state, found = State.SKIPPED, f"{image.name} is not here, and every image is built already"
    elif UNASKED.search(image.fault):
        state, found = State.SKIPPED, f"{image.name} is not here; this engine does not ask whether it can be pulled"
    elif not image.fault:
        state, found = State.OK, f"{image.name} is not here and can be pulled"
    else:
        state, found = State.FAILED, f"{image.name} is not here and cannot be pulled: {image.fault}"
    return Check(
        id=f"engine.base_image.{image.name}",
        title="base image",
        state=state,
        found=found,
        why="every contender's image is built on it",
        fix=OTHER_BASE if state is State.FAILED else "",
    )


def toolkit(ready: bool, asked: bool) -> Check:
    """Tell whether the engine can hand a GPU on; without it a comparison falls back to the CPU unless asked not to."""
    found = "the engine knows the NVIDIA runtime or a CDI device"
    return Check(
        id="gpu.toolkit",
        title="GPU in containers",
        state=State.OK if ready else State.FAILED if asked else State.WARNING,
        found=found if ready else NO_TOOLKIT.found,
        why="a container sees no GPU that its engine does not give it",
        fix="" if ready else NO_TOOLKIT.fix,
    )


def volume(name: str, ours: bool | None) -> Check:
    """Judge the volume that containers read: one of another's would be written into."""
    texts = {
        None: "made when a comparison starts",
        True: f"{name} is there and ours; compared byte by byte at each start",
        False: f"{name} is there without bakeoff's label: it would be filled, and never be removed",
    }
    return Check(
        id="data.volume",
        title="data volume",
        state=State.WARNING if ours is False else State.OK,
        found=texts[ours],
        why="no path of this machine is mounted, so that an engine may be remote",
        fix=f"`docker volume rm {name}` if nothing else needs it" if ours is False else "",
    )
