"""A worker that trains by turns, for the scripted engine: it answers each line of the host with a turn."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.engines.scripted import Answer, Script
from shared.events import EpochEnded, Event, Heartbeat, TurnEnded, encode
from shared.turns import WAITING

TURNS_OF_AN_EPOCH = 6
IMAGES_PER_SECOND = 1000.0


@dataclass
class Track:
    """Who was told to train, in their order, and whether ever two of them trained at once."""

    told: list[tuple[str, int]] = field(default_factory=list)  # trial, round
    at_once: int = 0  # the most that trained together
    _training: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def train(self, trial: str, round_: int) -> None:
        with self._lock:
            self.told.append((trial, round_))
            self._training += 1
            self.at_once = max(self.at_once, self._training)
        time.sleep(0.001)  # so that two that trained at once would be seen
        with self._lock:
            self._training -= 1


class Runner:
    """Makes the script of a training by turns from the events of one as a whole."""

    def __init__(self, trial: str, track: Track, speed: Callable[[int], float] | None = None) -> None:
        self._trial = trial
        self._track = track
        self._speed = speed or (lambda _: IMAGES_PER_SECOND)  # images/s by round
        self._numbers = itertools.count()

    def script(self, events: Sequence[Event], whole: Script) -> Script:
        """Return the script: `events` without their turns, and how `whole`, the script of them, ends."""
        first = next(at for at, event in enumerate(events) if isinstance(event, EpochEnded)) - 1
        waiting = Heartbeat(phase=WAITING)
        chunks: list[bytes | Exception | Answer] = [self._say([*events[:first], waiting])]
        pending: list[Event] = []
        for event in events[first:]:
            pending.append(event)
            if isinstance(event, EpochEnded):
                chunks += [self._turn(event.epoch, step, ()) for step in range(1, TURNS_OF_AN_EPOCH)]
                chunks.append(self._turn(event.epoch, TURNS_OF_AN_EPOCH, tuple(pending)))
                pending = []
        last = chunks.pop()
        assert callable(last)
        chunks.append(lambda line: last(line) + self._say(pending))  # nothing is said of the end before its turn
        return Script(chunks, whole.exit, whole.files, beat=lambda: self._say([waiting]))

    def _turn(self, epoch: int, step: int, before: Sequence[Event]) -> Answer:
        def answer(line: bytes) -> bytes:
            round_ = int(json.loads(line)["round"])
            self._track.train(self._trial, round_)
            seconds = 100 / self._speed(round_)
            turn = TurnEnded(round=round_, epoch=epoch, step=step, images=100, seconds=seconds, waited_seconds=0.0)
            return self._say([*before, turn])

        return answer

    def _say(self, events: Sequence[Event]) -> bytes:
        numbered = [(next(self._numbers), event) for event in events]
        return b"".join(encode(event, trial=self._trial, seq=seq, t=float(seq)) for seq, event in numbered)
