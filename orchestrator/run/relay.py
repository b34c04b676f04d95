"""Who of a block's trials trains now: one at a time, in short turns, the order of each round drawn by lot."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from orchestrator.engines.engine import EngineLostError
from orchestrator.run.member import TO_THE_END, Member

SETTLE_SECONDS = 0.005
"""Between two turns: threads of a pool go on spinning for some milliseconds after their last work."""

SAMPLE_SECONDS = 30.0
"""So often the CPU time of those that wait is looked at, before and after a turn. Nobody trains meanwhile, and some
engines take a second to answer (Docker 20.10, whose collector rests for so long). The first look at each comes as soon
as it waits: a short trial has one too."""


class _Sample(NamedTuple):
    member: Member
    cpu_seconds: float
    at: float  # the clock when the engine had answered


class Relay:
    """Hands turns over among members of a block. A round is one turn of each that is here."""

    def __init__(
        self,
        members: Sequence[Member],
        turn_seconds: float,
        seed: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._members = members
        self._turn_seconds = turn_seconds
        self._lots = random.Random(seed)
        self._clock = clock
        self._sleep = sleep
        self._round = 0
        self._left: list[Member] = []  # of this round
        self._sampled_at = -SAMPLE_SECONDS
        self._asked: set[Member] = set()
        self._samples: list[_Sample] = []  # of who waited as the present turn began

    @property
    def busy(self) -> bool:
        """Tell whether somebody starts, trains or ends, as far as is known: then nobody else may."""
        return any(member.here and not member.waiting for member in self._members)

    def hand_over(self) -> None:
        """Give the next member its turn, unless somebody is busy; the last one that is here, its round over, trains to
        its end.

        Where the engine does not answer, it is the same member's turn when this is called again.
        """
        here = [member for member in self._members if member.here]
        if self.busy or not here:
            return
        self._end_samples()
        self._sleep(SETTLE_SECONDS)
        try:
            if len(here) == 1 and here[0] not in self._left:
                here[0].give(TO_THE_END, None)
                return
            member = self._next(here)
            self._begin_samples([other for other in here if other is not member])
            member.give(self._round, self._turn_seconds)
        except EngineLostError:
            self._samples = []
            return
        self._left.remove(member)

    def _next(self, here: Sequence[Member]) -> Member:
        self._left = [member for member in self._left if member.here]
        if not self._left:
            self._round = max(self._round, *(member.round for member in here)) + 1
            self._left = sorted(here, key=lambda _: self._lots.random())
        return self._left[0]

    def _begin_samples(self, waiting: Sequence[Member]) -> None:
        due = self._clock() - self._sampled_at >= SAMPLE_SECONDS
        asked = [member for member in waiting if due or member not in self._asked]
        times = [(member, member.cpu_seconds(), self._clock()) for member in asked]
        self._asked.update(asked)
        self._samples = [_Sample(member, cpu, at) for member, cpu, at in times if cpu is not None]
        if due:
            self._sampled_at = self._clock()

    def _end_samples(self) -> None:
        samples, self._samples = self._samples, []
        for sample in samples:
            now = sample.member.cpu_seconds()
            if now is not None and sample.member.waiting:
                sample.member.note_sample(self._clock() - sample.at, max(0.0, now - sample.cpu_seconds))
