"""A trial as the relay of its block sees it: not started, on turn, waiting for one, or gone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from orchestrator.engines.engine import Worker
from orchestrator.record.record import Waits
from shared.events import EpochEnded, Event, Heartbeat, TurnEnded
from shared.turns import WAITING

TO_THE_END = 0
"""The number of a turn that lasts to the worker's end: nobody else trains."""


class Member:
    """Follows one trial by its events. A trial that runs by itself has a member that nobody asks."""

    def __init__(
        self,
        epochs: int = 0,
        *,
        alive: int = 1,
        ring: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alive = alive  # workers of the block that live at once
        self.ring = ring  # called whenever its worker was heard of
        self.round = TO_THE_END  # the highest number of a turn that it had
        self._epochs = epochs
        self._clock = clock
        self._worker: Worker | None = None
        self._given: int | None = None  # the turn that this host gave it last
        self._beats_since_given = 0
        self._waits_since: float | None = None
        self._waited_seconds = 0.0
        self._sampled = (0.0, 0.0)  # seconds of turns of others, and CPU seconds that this worker used in them

    @property
    def here(self) -> bool:
        """Tell whether its worker was started, or taken over, and has not ended."""
        return self._worker is not None

    @property
    def waiting(self) -> bool:
        return self.here and self._waits_since is not None

    def enter(self, worker: Worker) -> None:
        self._worker = worker

    def leave(self) -> None:
        self._end_wait()
        self._worker = None

    def note(self, event: Event) -> None:
        """Follow the worker by an event that this host was the first to read."""
        if isinstance(event, EpochEnded) and event.epoch >= self._epochs:
            self._epochs = -1  # what follows is its end: it keeps the turn
        elif self._epochs >= 0 and self._says_waiting(event):
            self._waits_since = self._clock() if self._waits_since is None else self._waits_since
        if isinstance(event, TurnEnded):
            self.round = max(self.round, event.round)

    def remember(self, event: Event) -> None:
        """Take up what an earlier host had read: numbers of turns are not given twice."""
        if isinstance(event, TurnEnded):
            self.round = max(self.round, event.round)
        if isinstance(event, EpochEnded) and event.epoch >= self._epochs:
            self._epochs = -1

    def give(self, number: int, seconds: float | None) -> None:
        """Give it a turn of so many seconds, None to its end. Raises EngineLostError, and it goes on waiting."""
        if self._worker is not None:
            self._worker.tell(json.dumps({"round": number, "seconds": seconds}).encode() + b"\n")
        self._given, self._beats_since_given = number, 0
        self._end_wait()

    def cpu_seconds(self) -> float | None:
        return self._worker.cpu_seconds() if self._worker else None

    def note_sample(self, seconds: float, cpu_seconds: float) -> None:
        """Note how much CPU time it used while another one trained for so long."""
        self._sampled = (self._sampled[0] + seconds, self._sampled[1] + cpu_seconds)

    def waited_seconds(self) -> float:
        """Return how long it has waited so far."""
        return self._waited_seconds + (0.0 if self._waits_since is None else self._clock() - self._waits_since)

    def waits(self) -> Waits:
        seconds, cpu_seconds = self._sampled
        return Waits(seconds=self.waited_seconds(), sampled_seconds=seconds, sampled_cpu_seconds=cpu_seconds)

    def _says_waiting(self, event: Event) -> bool:
        """Tell whether an event means that the worker waits now.

        A beat that was sent before the worker had read its turn may come after it was given: of a turn that is under
        way only its own end counts, or a second beat where that end was lost.
        """
        if isinstance(event, TurnEnded):
            return self._given in (None, event.round)
        if not isinstance(event, Heartbeat) or event.phase != WAITING:
            return False
        self._beats_since_given += 1
        return self._given is None or self._beats_since_given > 1

    def _end_wait(self) -> None:
        self._waited_seconds = self.waited_seconds()
        self._waits_since = None
