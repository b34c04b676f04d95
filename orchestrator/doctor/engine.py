"""The Docker Engine itself: what answers, where it is, what time it has, and what images are built on."""

from __future__ import annotations

from orchestrator.doctor.check import Check, State
from orchestrator.engines.docker.inspection import BaseImage, Identity

WHY = "it keeps each contender's framework and its libraries apart, with the same limits for all"

APART_SECONDS = 5.0
"""Clocks further apart make a report's times and the engine's disagree; durations are never taken from them."""


def reached(engine: Identity, named: str) -> Check:
    """Say which engine answers: with several on a machine the wrong one looks empty."""
    place = "local" if engine.local else f"remote, {engine.endpoint}"
    by = f", named by {named}" if named else ""
    found = f"Docker {engine.version} (API {engine.api}), {place}{by}; {engine.surroundings}"
    return Check(id="engine", title="Docker Engine", state=State.OK, found=found, why=WHY)


def clock(engine: Identity) -> Check:
    apart = abs(engine.ahead_seconds)
    direction = "ahead of" if engine.ahead_seconds > 0 else "behind"
    late = apart > APART_SECONDS
    return Check(
        id="engine.clock",
        title="clock",
        state=State.WARNING if late else State.OK,
        found=f"the engine's is {apart:.1f} s {direction} this machine's" if late else f"{apart:.1f} s apart",
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
        fix="name one that the engine has or can pull with BAKEOFF_BASE_IMAGE" if state is State.FAILED else "",
    )
