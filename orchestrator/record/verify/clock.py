"""An epoch's seconds, held against the clock of the events around it, and that clock against the host's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.record.verify.line import Verdict, Verified, not_checked
from orchestrator.stream.contract import NumberedEvent
from shared.events import EpochEnded, TurnEnded

READING_SECONDS = 0.002
"""Both ends of an epoch are read from one clock of the worker and written with six digits."""

IDLE_SHARE, IDLE_SECONDS = 0.25, 0.25
"""Of the epochs' wall time, what may stand in no phase: order, batches' indices, reading losses back and writing
events. Below a quarter of a second in all, a busy machine alone makes a quarter."""

JITTER_SHARE, JITTER_SECONDS = 0.1, 1.0
"""An event arrives later than it was sent, by a tenth of a second on an idle machine; on a busy one by more."""


_LEAST_EVENTS = 2


@dataclass(frozen=True, kw_only=True)
class Times:
    """When things happened, in seconds by the worker's clock and by the host's; each clock starts when it likes."""

    events: Sequence[NumberedEvent]  # by number; `t` is the worker's
    epoch_starts: Mapping[int, float] = field(default_factory=dict)  # by epoch, the worker's, where it says so
    arrivals: Mapping[int, float] = field(default_factory=dict)  # by number of event, the host's
    no_arrivals: str = ""  # why those say nothing
    waited_seconds: float = 0.0  # for turns, by the host's count


def verify_times(times: Times) -> list[Verified]:
    """Return lines for the seconds of each epoch, for the share that stands in no phase, and for the clock itself."""
    return [*_verify_epochs(_walls(times)), *_verify_clock(times)]


@dataclass(frozen=True)
class _Wall:
    """An epoch, and how much time passed between its beginning and its end by the events' clock."""

    event: EpochEnded
    seconds: float

    @property
    def told_seconds(self) -> float:
        return self.event.seconds + self.event.evaluation_seconds


def _walls(times: Times) -> list[_Wall]:
    """Measure each epoch from the end of the one before it; the first one from where the worker says that it began.

    What it waited for turns meanwhile is none of it; the wait before the first turn comes before the first epoch.
    """
    walls: list[_Wall] = []
    waits = {epoch: [turn.waited_seconds for turn in turns] for epoch, turns in turns_by_epoch(times.events).items()}
    before: NumberedEvent | None = None
    for numbered in times.events:
        if not isinstance(numbered.event, EpochEnded):
            continue
        started = before.t if before else times.epoch_starts.get(numbered.event.epoch)
        if started is not None:
            waited = waits.get(numbered.event.epoch, [])[0 if before else 1 :]
            walls.append(_Wall(numbered.event, numbered.t - started - sum(waited)))
        before = numbered
    return walls


def turns_by_epoch(events: Sequence[NumberedEvent]) -> dict[int, list[TurnEnded]]:
    """Return a trial's turns in their order, by epoch; empty where it did not train by turns."""
    turns: dict[int, list[TurnEnded]] = {}
    for numbered in events:
        if isinstance(numbered.event, TurnEnded):
            turns.setdefault(numbered.event.epoch, []).append(numbered.event)
    return turns


def _verify_epochs(walls: Sequence[_Wall]) -> list[Verified]:
    if not walls:
        return not_checked("it does not say when its first epoch began", "epoch-seconds", "time-in-no-phase")
    return [_verify_seconds(max(walls, key=lambda wall: wall.told_seconds - wall.seconds)), _verify_idle(walls)]


def _verify_seconds(wall: _Wall) -> Verified:
    """Training and evaluation cannot take longer than passed; what they take less is judged over all epochs."""
    return Verified(
        what="epoch-seconds",
        verdict="differs" if wall.told_seconds > wall.seconds + READING_SECONDS else "agrees",
        claimed=wall.told_seconds,
        counted=wall.seconds,
        tolerance=READING_SECONDS,
        epoch=wall.event.epoch,
    )


def _verify_idle(walls: Sequence[_Wall]) -> Verified:
    """Say how many of the epochs' seconds stand in training or evaluation (claimed) of all that passed (counted)."""
    told, passed = sum(wall.told_seconds for wall in walls), sum(wall.seconds for wall in walls)
    much = passed - told > max(IDLE_SECONDS, IDLE_SHARE * passed)
    return Verified(
        what="time-in-no-phase",
        verdict="differs" if much else "agrees",
        claimed=told,
        counted=passed,
        tolerance=max(IDLE_SECONDS, IDLE_SHARE * passed),
    )


def _verify_clock(times: Times) -> list[Verified]:
    """Hold the worker's clock against the host's, from the first event to each later one.

    Only a clock that runs slow is told: it makes speeds look better than they are. Events of a clock that runs fast
    look like those that a machine brings in a burst after it was suspended.
    """
    timed = [(numbered.t, times.arrivals[numbered.seq]) for numbered in times.events if numbered.seq in times.arrivals]
    if times.no_arrivals or len(timed) < _LEAST_EVENTS:
        return not_checked(times.no_arrivals or "too few of its events came through the live feed", "clock")
    spans = [(told - timed[0][0], seen - timed[0][1]) for told, seen in timed[1:]]
    told, seen = max(spans, key=lambda span: span[1] - span[0] - _jitter(span[1]))
    slow = seen - told > _jitter(seen)
    verdict: Verdict = "differs" if slow else "agrees"
    return [Verified(what="clock", verdict=verdict, claimed=told, counted=seen, tolerance=_jitter(seen))]


def _jitter(seconds: float) -> float:
    return JITTER_SECONDS + JITTER_SHARE * seconds
