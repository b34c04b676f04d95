"""Judges what became of a worker: pure. Facts are asked in a fixed order; an exit code alone proves nothing.

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
from orchestrator.record.cause_table import CAUSES, SIGNALS
from orchestrator.record.record import Status
from shared.events import Event, Failed, RunEnded, WorkerReady


class StopReason(Enum):
    """Why a worker is no longer watched."""

    EXITED = "the worker ended by itself"
    DEADLINE = "the trial's time limit passed"
    SILENCE = "the worker fell silent"
    PAUSED = "the worker stayed paused"
    FLOODED = "the worker printed more than any metric stream"
    INTERRUPTED = "the user stopped the comparison"
    ENGINE_LOST = "the engine stopped answering"
    DETACHED = "the user left the worker running"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What watching a worker told, apart from its events."""

    stop_reason: StopReason
    exit: WorkerExit | None = None  # None where the engine could not tell
    reconnects: int = 0
    limit: str = ""  # the limit that passed, in words
    engine_was_away: bool = False  # the last question before the one that told of the end had no answer
    paused_seconds: float = 0.0
    no_feed: str = ""  # why there was no live feed
    outages: tuple[str, ...] = ()  # of the engine, in words
    unseen: bool = False  # it had ended before this host looked


@dataclass(frozen=True)
class Verdict:
    """What became of a trial."""

    status: Status
    reason: str  # "" when done; otherwise what happened and its likely cause
    cause: str = ""  # of `cause_table.CAUSES`, which has the next step; "" when done


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
    observed: Observed,
    events: Sequence[Event],
    *,
    stderr_tail: Sequence[str] = (),
    device: str = "cpu",
    data_sha256: str = "",
) -> Verdict:
    """Judge one trial by what was observed, then by what its worker said.

    `device` is the one that the trial asked for; `data_sha256` is of the images that the host supplied, "" where that
    is not known.
    """
    stopped = _judge_stop(observed)
    if stopped is not None:
        return stopped
    if observed.exit is None or observed.exit.removed:
        return _fail("removed")
    by_engine = _judge_exit(observed.exit, observed.engine_was_away, observed.unseen)
    if by_engine is not None:
        return by_engine
    if wrong_data := _wrong_data(events, data_sha256):
        return wrong_data
    return _judge_worker(observed.exit, events, stderr_tail, device)


def _judge_stop(observed: Observed) -> Verdict | None:
    """Judge what we ended ourselves: the worker's exit code says only how hard that was. None where we did not."""
    match observed.stop_reason:
        case StopReason.EXITED:
            return None
        case StopReason.INTERRUPTED:
            judged = Verdict(Status.INTERRUPTED, CAUSES["interrupted"].happened, "interrupted")
        case StopReason.DEADLINE:
            judged = Verdict(Status.TIMED_OUT, f"not finished after {observed.limit}", "timed-out")
        case StopReason.SILENCE:
            reason = f"no event for {observed.limit}, not even a heartbeat: the worker hangs"
            judged = Verdict(Status.TIMED_OUT, reason, "stalled")
        case StopReason.PAUSED:
            reason = f"its container was paused from outside for more than {observed.limit}"
            judged = Verdict(Status.TIMED_OUT, reason, "paused")
        case StopReason.FLOODED:
            judged = _fail("flooded")
        case StopReason.ENGINE_LOST:
            return Verdict(Status.UNKNOWN, f"{observed.stop_reason.value}; {_RESUME}", "engine-lost")
        case StopReason.DETACHED:
            return Verdict(Status.UNKNOWN, f"left running; {_RESUME}", "detached")
    if observed.exit is not None and observed.exit.code == _SIGKILL:
        return replace(judged, reason=f"{judged.reason}; {CAUSES['killed-by-us'].happened}")
    return judged


def _judge_exit(worker_exit: WorkerExit, engine_was_away: bool, unseen: bool) -> Verdict | None:
    """Judge by what the engine saw, which no worker can forge. None where that decides nothing."""
    code = worker_exit.code
    signalled = code in (_SIGKILL, _SIGTERM)
    if worker_exit.oom_killed and code == _SIGKILL:
        return _fail("oom", _memory_limit(worker_exit))
    if engine_was_away and signalled:  # first: an engine that comes back kills what it finds, and logs that as a kill
        return _fail("engine-restart")
    if worker_exit.killed_from_outside:
        return _fail("killed", f" (exit code {code}): somebody stopped the container")
    if unseen and signalled:
        return _fail("engine-restart")
    if worker_exit.oom_killed and code != 0:
        return _fail("oom-child", f"{_memory_limit(worker_exit)}, and it exited with code {code}")
    return None


def _judge_worker(worker_exit: WorkerExit, events: Sequence[Event], stderr_tail: Sequence[str], device: str) -> Verdict:
    """Judge by what the worker said, and where it said nothing by its exit code."""
    failure = _failure(events)
    if worker_exit.code == 0 and failure is None and events and isinstance(events[-1], RunEnded):
        return DONE
    if device == "cuda" and (words := _gpu_lost(failure, stderr_tail)):
        return _fail("gpu-lost", f": {words}")
    if failure is not None:
        return Verdict(Status.FAILED, f"{failure.error}: {failure.message}", "failed")
    if worker_exit.code == 0:
        return _fail("incomplete")
    last = f"; its last words: {stderr_tail[-1]}" if stderr_tail else "; it wrote nothing to standard error"
    if worker_exit.code in SIGNALS:
        return _fail(SIGNALS[worker_exit.code], last)
    return Verdict(Status.FAILED, f"the worker exited with code {worker_exit.code}{last}", "crashed")


def _failure(events: Sequence[Event]) -> Failed | None:
    """Return the worker's last word that it failed."""
    return next((event for event in reversed(events) if isinstance(event, Failed)), None)


def _wrong_data(events: Sequence[Event], supplied_sha256: str) -> Verdict | None:
    """Judge a worker that says it could not read the data, or that read others than the host supplied."""
    failure = _failure(events)
    if failure is not None and failure.error == "DataError":
        return _fail("data-wrong", f": {failure.message}")
    ready = next((event for event in events if isinstance(event, WorkerReady)), None)
    if supplied_sha256 and ready is not None and ready.data_sha256 not in ("", supplied_sha256):
        return _fail("data-wrong", f": its SHA-256 is {ready.data_sha256}, supplied was {supplied_sha256}")
    return None


def _fail(cause: str, more: str = "") -> Verdict:
    return Verdict(Status.FAILED, f"{CAUSES[cause].happened}{more}", cause)


def _memory_limit(worker_exit: WorkerExit) -> str:
    """Name the limit: where the kernel kills at it, it is also the peak."""
    limit_bytes = worker_exit.memory_limit_bytes
    return f" of {limit_bytes / 1e6:,.0f} MB" if limit_bytes else ""


def _gpu_lost(failure: Failed | None, stderr_tail: Sequence[str]) -> str:
    """Return the line in which a worker tells that its GPU went away, "" where there is none."""
    lines = [*([failure.message] if failure else []), *reversed(stderr_tail)]
    return next((line for line in lines if _GPU_LOST.search(line)), "")
