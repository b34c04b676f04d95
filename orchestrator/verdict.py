"""What became of a worker: pure. The facts stand in a fixed order, the exit code alone proves nothing.

Nothing that a container prints can set an infrastructure verdict: its `failed` event is
read only where the engine, the clock and the user had nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.engine import Exit
from orchestrator.record import Status
from shared.events import Event, Failed, RunEnded


class Ending(Enum):
    """Who ended the reading."""

    EXITED = "the worker ended by itself"
    DEADLINE = "the trial's time limit passed"
    SILENCE = "the worker fell silent"
    FLOODED = "the worker printed more than any metric stream"
    INTERRUPTED = "the user stopped the comparison"
    ENGINE_LOST = "the engine stopped answering"
    DETACHED = "the user left the worker running"


@dataclass(frozen=True)
class Verdict:
    status: Status
    reason: str  # "" when done; otherwise what happened, the likely cause, the next step


_RESUME = "the worker may go on: `bakeoff resume` takes it up"
LEFT_RUNNING = f"left running; {_RESUME}"

_SIGNALS = {
    134: "aborted (SIGABRT): a failed assertion inside the framework; see the last lines of its log",
    135: "bus error (SIGBUS): usually shared memory that is too small",
    136: "arithmetic fault (SIGFPE)",
    132: "illegal instruction (SIGILL): this build of the framework needs a newer CPU",
    137: "killed (SIGKILL) by something that left no trace in the engine, often the host's out-of-memory killer",
    139: "segmentation fault (SIGSEGV): a crash inside native code; see the last lines of its log",
    143: "terminated (SIGTERM) from outside",
}


def verdict(
    ending: Ending,
    left: Exit | None,
    events: Sequence[Event],
    *,
    stderr_tail: Sequence[str] = (),
    limit: str = "",
) -> Verdict:
    """Judge one trial. `limit` says which time limit passed, for the message."""
    stopped = _stopped(ending, limit)
    if stopped is not None:
        return stopped
    if left is None or left.removed:
        return Verdict(Status.FAILED, "the worker was removed from outside before it ended")
    reason = _why_failed(left, events, stderr_tail)
    return Verdict(Status.FAILED if reason else Status.DONE, reason)


def _stopped(ending: Ending, limit: str) -> Verdict | None:
    match ending:
        case Ending.INTERRUPTED:
            return Verdict(Status.INTERRUPTED, "stopped by the user")
        case Ending.DEADLINE:
            return Verdict(Status.TIMED_OUT, f"not finished after {limit}; allow more with --timeout")
        case Ending.SILENCE:
            return Verdict(Status.TIMED_OUT, f"no event for {limit}, not even a heartbeat: the worker hangs")
        case Ending.FLOODED:
            return Verdict(Status.FAILED, "flooded: the worker printed more than 256 MiB, which no metric stream is")
        case Ending.ENGINE_LOST:
            return Verdict(Status.UNKNOWN, f"the engine stopped answering; {_RESUME}")
        case Ending.DETACHED:
            return Verdict(Status.UNKNOWN, LEFT_RUNNING)
        case Ending.EXITED:
            return None


def _why_failed(left: Exit, events: Sequence[Event], stderr: Sequence[str]) -> str:
    if left.oom_killed and left.code != 0:
        return "out of memory: the kernel killed the worker at its limit; try a smaller --batch-size"
    if left.killed_from_outside:
        return f"killed from outside (exit code {left.code}): somebody stopped the container"
    said = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    if said is not None:
        return f"{said.error}: {said.message}"
    if left.code != 0:
        last = f"; its last words: {stderr[-1]}" if stderr else "; it wrote nothing to standard error"
        return f"{_SIGNALS.get(left.code, f'the worker exited with code {left.code}')}{last}"
    if not events or not isinstance(events[-1], RunEnded):
        return "incomplete: the worker exited with code 0 but without its last word (run_ended)"
    return ""
