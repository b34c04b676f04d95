"""What a worker says of its turns, held against its epochs and against the host's count of its waits."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.record.verify.clock import JITTER_SECONDS, JITTER_SHARE, Times, turns_by_epoch
from orchestrator.record.verify.line import Verdict, Verified, What, not_checked
from shared.events import EpochEnded

COLD_SHARE = 0.5
"""Turns leave out their first steps, which are slow: by so much of the speed over whole epochs they may be faster."""

HAND_OVER_SECONDS = 0.05
"""Of a turn: a line to the worker and an event back take this long on a busy machine."""


def verify_turns(times: Times) -> Iterator[Verified]:
    """Return a line for the speed in turns and one for the time waited, where there were any turns."""
    turns = [turn for part in turns_by_epoch(times.events).values() for turn in part]
    epochs = [numbered.event for numbered in times.events if isinstance(numbered.event, EpochEnded)]
    seconds = sum(turn.seconds for turn in turns)
    if seconds and epochs:
        claimed = sum(turn.images for turn in turns) / seconds
        counted = sum(epoch.images for epoch in epochs) / sum(epoch.seconds for epoch in epochs)
        yield _within("turns", claimed, counted, COLD_SHARE * counted, both_ways=True)
    if turns and times.no_arrivals:
        yield from not_checked(times.no_arrivals, "waited-seconds")
    elif turns:
        tolerance = JITTER_SECONDS + JITTER_SHARE * times.waited_seconds + HAND_OVER_SECONDS * len(turns)
        waited = sum(turn.waited_seconds for turn in turns)
        yield _within("waited-seconds", waited, times.waited_seconds, tolerance, both_ways=False)


def _within(what: What, claimed: float, counted: float, tolerance: float, *, both_ways: bool) -> Verified:
    """Hold two numbers against each other; a claim that is too small is no fault where only too much would hide one."""
    apart = abs(claimed - counted) if both_ways else claimed - counted
    verdict: Verdict = "differs" if apart > tolerance else "agrees"
    return Verified(what=what, verdict=verdict, claimed=claimed, counted=counted, tolerance=tolerance)
