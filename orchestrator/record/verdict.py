"""What became of a worker: pure. The facts stand in a fixed order, the exit code alone proves nothing.

Nothing that a container prints can set an infrastructure verdict: its `failed` event is
read only where the engine, the clock and the user had nothing to say. What it tells of a
lost GPU or of wrong data describes a failure, and excuses or repeats nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from orchestrator.engines.engine import WorkerExit
from orchestrator.record.causes import CAUSES, SIGNALS
from orchestrator.record.record import Status
from shared.events import Event, Failed, RunEnded, WorkerReady


class StopReason(Enum):
    """Who ended the reading."""

    EXITED = "the worker ended by itself"
    DEADLINE = "the trial's time limit passed"
    SILENCE = "the worker fell silent"
    PAUSED = "the worker stayed paused"
    FLOODED = "the worker printed more than any metric stream"
    INTERRUPTED = "the user stopped the comparison"
    ENGINE_LOST = "the engine stopped answering"
    DETACHED = "the user left the worker running"


@dataclass(frozen=True)
class Verdict:
    status: Status
    reason: str  # "" when done; otherwise what happened and its likely cause
    cause: str = ""  # of `causes.CAUSES`, which has the next step; "" when done


DONE = Verdict(Status.DONE, "")

_RESUME = "the worker may go on: `bakeoff resume` takes it up"

_SIGKILL = 137
_SIGTERM = 143

_GPU_LOST = re.compile(
    r"Failed to initialize NVML"
    r"|CUDA error: (?:unspecified launch failure|device[- ]lost|unknown error)"
    r"|CUDA_ERROR_(?:LAUNCH_FAILED|DEVICE_UNAVAILABLE|UNKNOWN|NOT_INITIALIZED)"
    r"|\bXid\b.{0,40}\d|GPU is lost|has fallen off the bus",
    re.IGNORECASE,
)


def verdict(
    ending: StopReason,
    left: WorkerExit | None,
    events: Sequence[Event],
    *,
    stderr_tail: Sequence[str] = (),
    limit: str = "",
    device: str = "cpu",
    engine_was_away: bool = False,
    unseen: bool = False,
    data_sha256: str = "",
) -> Verdict:
    """Judge one trial.

    `limit` says which time limit passed, for the message; `device` is the one that the trial asked for;
    `engine_was_away` tells that the engine did not answer around the worker's end, `unseen` that no host watched
    then; `data_sha256` is of the images that the host supplied, "" where that is not known.
    """
    stopped = _stopped(ending, left, limit)
    if stopped is not None:
        return stopped
    if left is None or left.removed:
        return _failed("removed")
    return _by_the_engine(left, engine_was_away, unseen) or _by_the_worker(
        left, events, stderr_tail, device, data_sha256
    )


def _stopped(ending: StopReason, left: WorkerExit | None, limit: str) -> Verdict | None:
    """Judge what we ended ourselves: the worker's exit code says only how hard that was."""
    match ending:
        case StopReason.EXITED:
            return None
        case StopReason.INTERRUPTED:
            judged = Verdict(Status.INTERRUPTED, CAUSES["interrupted"].happened, "interrupted")
        case StopReason.DEADLINE:
            judged = Verdict(Status.TIMED_OUT, f"not finished after {limit}", "timed-out")
        case StopReason.SILENCE:
            told = f"no event for {limit}, not even a heartbeat: the worker hangs"
            judged = Verdict(Status.TIMED_OUT, told, "stalled")
        case StopReason.PAUSED:
            told = f"its container was paused from outside for more than {limit}"
            judged = Verdict(Status.TIMED_OUT, told, "paused")
        case StopReason.FLOODED:
            judged = _failed("flooded")
        case StopReason.ENGINE_LOST:
            return Verdict(Status.UNKNOWN, f"the engine stopped answering; {_RESUME}", "engine-lost")
        case StopReason.DETACHED:
            return Verdict(Status.UNKNOWN, f"left running; {_RESUME}", "detached")
    if left is not None and left.code == _SIGKILL:
        return replace(judged, reason=f"{judged.reason}; {CAUSES['killed-by-us'].happened}")
    return judged


def _by_the_engine(left: WorkerExit, engine_was_away: bool, unseen: bool) -> Verdict | None:
    """Judge by what the engine saw, which no worker can forge."""
    signalled = left.code in (_SIGKILL, _SIGTERM)
    if left.oom_killed and left.code == _SIGKILL:
        return _failed("oom", _at_limit(left))
    if engine_was_away and signalled:  # first: an engine that comes back kills what it finds, and logs that as a kill
        return _failed("engine-restart")
    if left.killed_from_outside:
        return _failed("killed", f" (exit code {left.code}): somebody stopped the container")
    if unseen and signalled:
        return _failed("engine-restart")
    if left.oom_killed and left.code != 0:
        return _failed("oom-child", f"{_at_limit(left)}, and it exited with code {left.code}")
    return None


def _by_the_worker(
    left: WorkerExit, events: Sequence[Event], stderr: Sequence[str], device: str, data_sha256: str
) -> Verdict:
    said = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    whole = left.code == 0 and said is None and bool(events) and isinstance(events[-1], RunEnded)
    if said is not None and said.error == "DataError":
        return _failed("data-wrong", f": {said.message}")
    if data_sha256 and (other := _other_data(events, data_sha256)):
        return _failed("data-wrong", f": its SHA-256 is {other}, supplied was {data_sha256}")
    if whole:
        return DONE
    if device == "cuda" and (words := _gpu_lost(said, stderr)):
        return _failed("gpu-lost", f": {words}")
    if said is not None:
        return Verdict(Status.FAILED, f"{said.error}: {said.message}", "failed")
    if left.code == 0:
        return _failed("incomplete")
    last = f"; its last words: {stderr[-1]}" if stderr else "; it wrote nothing to standard error"
    if left.code in SIGNALS:
        return _failed(SIGNALS[left.code], last)
    return Verdict(Status.FAILED, f"the worker exited with code {left.code}{last}", "crashed")


def _failed(cause: str, more: str = "") -> Verdict:
    return Verdict(Status.FAILED, f"{CAUSES[cause].happened}{more}", cause)


def _at_limit(left: WorkerExit) -> str:
    """Name the limit: where the kernel kills at it, it is also the peak."""
    return f" of {left.memory_limit_bytes / 1e6:,.0f} MB" if left.memory_limit_bytes else ""


def _other_data(events: Sequence[Event], supplied: str) -> str:
    ready = next((event for event in events if isinstance(event, WorkerReady)), None)
    return ready.data_sha256 if ready is not None and ready.data_sha256 != supplied else ""


def _gpu_lost(said: Failed | None, stderr: Sequence[str]) -> str:
    """Return the line in which a worker tells that its GPU went away."""
    lines = [*([said.message] if said else []), *reversed(stderr)]
    return next((line for line in lines if _GPU_LOST.search(line)), "")


@dataclass(frozen=True)
class Observed:
    """How the watching ended."""

    ending: StopReason
    exit: WorkerExit | None
    reconnects: int
    limit: str = ""  # the limit that passed, in words
    engine_was_away: bool = False  # the last question before the one that told of the end had no answer
    paused_seconds: float = 0.0
    no_feed: str = ""  # why there was no live feed
    outages: tuple[str, ...] = ()  # of the engine, in words
    unseen: bool = False  # it had ended before this host looked
