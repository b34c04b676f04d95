"""Training by turns, the clause "turns" of the contract: the host says on standard input when this worker may train.

A line of the host is one JSON object, `{"round": 3, "seconds": 0.2}`: train for about so long, say `turn_ended`, and
wait for the next line. `"seconds": null`, or the end of the input, lets the worker train to its end. A worker that
waits is blocked on a read and computes nothing.
"""

from __future__ import annotations

import json
import os
import time
from typing import BinaryIO, NamedTuple, Optional

from shared.emitter import Emitter
from shared.events import Heartbeat, TurnEnded

WAITING = "waiting"
"""The phase of a worker that waits for its turn. One such heartbeat is sent at the beginning of its first wait."""

LEAD_STEPS = 1
"""Steps at the beginning of a turn that its seconds leave out: after a wait caches are cold and threads asleep."""

_FIRST_STEPS = 4  # of the first turn, from which the time of a step becomes known


class Turn(NamedTuple):
    """One line of the host."""

    round: int  # its number, 0 where nobody else trains
    seconds: Optional[float]  # None: to the worker's end


class Stretch(NamedTuple):
    """Steps of one epoch that were trained in one turn."""

    epoch: int
    step: int  # the last one, from 1 within the epoch
    counted_steps: int  # without the lead
    images: int  # of those
    seconds: float  # that those took


class Turns:
    """The worker's side: takes turns one after another and says how each went."""

    def __init__(self, emitter: Emitter, lines: Optional[BinaryIO] = None) -> None:
        self._emitter = emitter
        self._lines = lines or os.fdopen(os.dup(0), "rb", buffering=0)
        self._turn: Optional[Turn] = None  # that is this worker's now
        self._waited_seconds = 0.0  # before it
        self._said_waiting = False
        self._step_seconds: Optional[float] = None
        self._stretch = Stretch(0, 0, 0, 0, 0.0)

    def take(self) -> Turn:
        """Return the turn that this worker has, having waited for one where it has none."""
        if self._turn is None:
            self._turn = self._wait()
        return self._turn

    def steps(self, left: int) -> int:
        """Return how many of an epoch's steps that are left to train in this turn; all where it has no end.

        A remainder that would be nothing but lead is trained too.
        """
        seconds = self.take().seconds
        if seconds is None:
            return left
        counted = _FIRST_STEPS if self._step_seconds is None else max(1, round(seconds / self._step_seconds))
        steps = LEAD_STEPS + counted
        return left if left - steps <= LEAD_STEPS else steps

    def note(self, stretch: Stretch) -> None:
        """Note what was trained in this turn."""
        self._stretch = stretch
        if stretch.counted_steps:
            self._step_seconds = stretch.seconds / stretch.counted_steps

    def end(self) -> None:
        """Say how the turn went, and give it up; one without end goes on."""
        turn, stretch = self.take(), self._stretch
        ended = TurnEnded(
            round=turn.round,
            epoch=stretch.epoch,
            step=stretch.step,
            images=stretch.images,
            seconds=stretch.seconds if stretch.images else 0.0,
            waited_seconds=self._waited_seconds,
        )
        self._waited_seconds = 0.0
        if turn.seconds is not None:
            self._turn = None
        self._emitter.emit(ended)

    def _wait(self) -> Turn:
        emitter = self._emitter
        before, emitter.heartbeat, emitter.step = (emitter.heartbeat, emitter.step), Heartbeat(phase=WAITING), None
        if not self._said_waiting:
            self._said_waiting = True
            emitter.emit(emitter.heartbeat)
        start = time.perf_counter()
        turn = turn_from(self._lines.readline())
        self._waited_seconds = time.perf_counter() - start
        emitter.heartbeat, emitter.step = before
        return turn


def turn_from(line: bytes) -> Turn:
    """Read a line of the host; ValueError where it is none. Nothing at all, the input's end, is a turn without end."""
    if not line:
        return Turn(0, None)
    try:
        document = json.loads(line)
        seconds = document["seconds"]
        return Turn(int(document["round"]), None if seconds is None else float(seconds))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a turn: {line!r}") from error
