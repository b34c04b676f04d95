"""Judges whether the restrictions of every container hold, by what a process inside could do.

The engine's word is not enough: an engine without the kernel's support takes a limit and ignores it, some with a
warning in their own log alone. What the process tells is read as hostile input; a line that does not fit is no answer.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError

from orchestrator.engines.check import Check, State
from orchestrator.engines.docker.container_options import USER
from orchestrator.engines.docker.inspection import TRIED_MEMORY_BYTES, TRIED_PROCESSES
from orchestrator.engines.docker.one_off import CommandResult
from orchestrator.values import Value

SHARED_MEMORY_BYTES = 2**30

_WHY = "a limit that is asked for and does not hold protects nobody"

Count = Annotated[int, Field(ge=0, le=2**63)]


class Restrictions(Value):
    """The probe's first line: what a process in the container can do."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    user: Count
    capabilities: Count  # those in effect and those that could be had
    no_new_privileges: Literal[0, 1]
    root_writable: bool
    tmp_writable: bool
    shared_memory_bytes: Count
    free_bytes: Count  # where the engine keeps images: the container's root lies there
    network: bool
    processes: Count


class MemoryOutcome(Value):
    """The probe's second line: what became of a process that took twice the memory that it may."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    memory: Literal["killed", "ended", "taken", "refused"]


def read(result: CommandResult) -> tuple[Restrictions, bool] | None:
    """Read what the probe told, and whether the memory limit held; None where it makes no sense."""
    lines = result.stdout.splitlines()
    try:
        tried = Restrictions.model_validate_json(lines[0])
        # Where the kernel ends a container as a whole, no second line comes, and the engine tells why.
        held = result.oom_killed if len(lines) == 1 else MemoryOutcome.model_validate_json(lines[1]).memory != "taken"
    except (IndexError, ValidationError):
        return None
    return tried, held


def judge(result: CommandResult) -> list[Check]:
    """Turn what the probe told into checks, one a promise."""
    answer = read(result)
    if answer is None:
        return [
            unknown(f"the probe gave no answer (exit code {result.code}): {result.stderr[-200:] or 'no error either'}")
        ]
    tried, memory_held = answer
    return [_memory(memory_held, result.oom_killed), _processes(tried), _rights(tried), _network(tried), _files(tried)]


def unknown(found: str) -> Check:
    """Say that the limits were tried and gave no answer."""
    fix = "check that the base image has python3 and that `docker run --read-only` works with it"
    return Check(id="limits", title="limits", state=State.WARNING, found=found, why=_WHY, fix=fix)


def untried(found: str) -> Check:
    return Check(id="limits", title="limits", state=State.SKIPPED, found=found, why=_WHY)


def _memory(held: bool, noticed: bool) -> Check:
    limit = TRIED_MEMORY_BYTES >> 20
    ending = "and the engine told of it" if noticed else "but the engine did not tell why"
    return Check(
        id="limits.memory",
        title="memory limit",
        state=State.OK if held else State.WARNING,
        found=f"a process that passed {limit} MB was killed, {ending}"
        if held
        else f"a process passed its limit of {limit} MB and lived",
        why="a trial that takes all memory would take this machine with it, or swap and measure the disk",
        fix="" if held else "turn on memory and swap accounting (cgroup v2, or `swapaccount=1` for the kernel)",
    )


def _processes(tried: Restrictions) -> Check:
    held = tried.processes <= TRIED_PROCESSES
    return Check(
        id="limits.processes",
        title="process limit",
        state=State.OK if held else State.WARNING,
        found=f"{tried.processes} more processes were started under a limit of {TRIED_PROCESSES}",
        why="a fork bomb would take this machine down",
        fix="" if held else "turn on the pids controller of control groups",
    )


def _rights(tried: Restrictions) -> Check:
    faults = [
        *([f"runs as user {tried.user}, not {USER}"] if tried.user != int(USER.split(":")[0]) else []),
        *([f"holds capabilities {tried.capabilities:#x}"] if tried.capabilities else []),
        *([] if tried.no_new_privileges else ["may gain privileges"]),
    ]
    well = f"user {tried.user}, no capabilities, no way to gain any"
    return _promised("rights", "no rights", faults, well, "an index's packages may do all that these allow")


def _network(tried: Restrictions) -> Check:
    faults = ["has a route to the network"] if tried.network else []
    why = "a worker that downloads is no repeatable measurement, and one that uploads is worse"
    return _promised("network", "no network", faults, "no route to anywhere", why)


def _files(tried: Restrictions) -> Check:
    shared = f"{tried.shared_memory_bytes / 2**30:.2g} GiB of /dev/shm"
    faults = [
        *(["may write to its root file system"] if tried.root_writable else []),
        *([] if tried.tmp_writable else ["cannot write to /tmp"]),
        *([f"has {shared}"] if tried.shared_memory_bytes < SHARED_MEMORY_BYTES else []),
    ]
    why = "trials must not change their image, and frameworks fail without room for temporary files"
    return _promised("files", "file systems", faults, f"root read-only, /tmp writable, {shared}", why)


def _promised(name: str, title: str, faults: list[str], well: str, why: str) -> Check:
    return Check(
        id=f"limits.{name}",
        title=title,
        state=State.FAILED if faults else State.OK,
        found=f"a container {', '.join(faults)}" if faults else well,
        why=why,
        fix="this engine does not keep what it is asked for: use another, or --engine process knowing that nothing is"
        " isolated"
        if faults
        else "",
    )
