"""Lines → numbered events, each once, with duplicates, gaps and refused lines counted. Pure: no file, no clock."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.stream.contract import NumberedEvent, RejectedLineError, decode
from orchestrator.values import Value
from shared.events import EpochEnded, Heartbeat, Steps, TurnEnded
from shared.leftovers import EVENTS

BUDGET_BYTES = 256 * 2**20
"""What one trial may print in all. A metric stream needs a few hundred kilobytes."""

KEPT_REFUSALS = 1000

KEPT_EPOCHS = 2**14
KEPT_TURNS = 2**17
KEPT_OTHERS = 256
"""Events of one kind that a record is made from: a report has a row, a bar or a line for each.

Beats and steps pass on to the disk and are not among them.
"""

HIGHEST_SEQ = 2**22
"""No honest worker counts so far: an event takes 64 bytes at the very least, and the budget ends after as many."""

READ_REFUSALS = 100_000
"""So many lines of the worker's file are judged and refused; what follows is counted unread."""


class EventCounts(Value):
    """How the metric stream fared: `received` are unique; `lost` are gaps that no copy could fill."""

    received: int = 0
    lost: int = 0
    duplicated: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Rejection:
    """A line that is no event of this trial."""

    line: bytes
    reason: str


class SeenNumbers:
    """Which numbers have come: a byte for each up to the highest, so that any order takes the same memory."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self.received = 0

    @property
    def lost(self) -> int:
        """Return how many numbers below the highest have not come."""
        return len(self._seen) - self.received

    def __contains__(self, seq: int) -> bool:
        return seq < len(self._seen) and self._seen[seq] == 1

    def add(self, seq: int) -> None:
        """Note a new number; raises RejectedLineError where no honest worker could have counted so far."""
        if seq >= HIGHEST_SEQ:
            raise RejectedLineError(f"a number of {HIGHEST_SEQ} or more")
        if seq >= len(self._seen):
            self._seen.extend(bytes(seq + 1 - len(self._seen)))
        self._seen[seq] = 1
        self.received += 1


@dataclass
class Intake:
    """All that one trial sent, each event once, whichever way it came, in bounded memory.

    `seq` counts from 0 without holes in the worker, so a hole here is a loss known, and the
    copy in the worker's file fills it.
    """

    trial_id: str
    budget_bytes: int = BUDGET_BYTES
    refusals: list[Rejection] = field(default_factory=list)
    refused: int = 0
    duplicated: int = 0
    bytes_read: int = 0
    epoch_starts: dict[int, float] = field(default_factory=dict)  # the worker's seconds, of epochs that it says began
    arrivals: dict[int, float] = field(default_factory=dict)  # the host's seconds, by number of those kept
    _numbers: SeenNumbers = field(default_factory=SeenNumbers)
    _kept: dict[int, NumberedEvent] = field(default_factory=dict)
    _kinds: Counter[str] = field(default_factory=Counter)  # of those kept
    _last: NumberedEvent | None = None
    _again: bool = False  # the feed is at what an earlier host has read

    def recall(self, recorded: bytes) -> Iterator[NumberedEvent]:
        """Take what an earlier host recorded of this trial; what the feed then brings again is no duplicate."""
        for line in recorded.split(b"\n")[:-1]:
            with contextlib.suppress(RejectedLineError):
                if (numbered := self._admit(line)) is not None:
                    self._again = True
                    yield numbered

    def take(self, line: bytes, seconds: float | None = None) -> NumberedEvent | None:
        """Judge one line of the live feed, which came at so many seconds; return the event if it is new."""
        self.bytes_read += len(line) + 1
        if not line or line.isspace():
            return None
        try:
            numbered = self._admit(line)
        except RejectedLineError as rejection:
            self._reject(line, str(rejection))
            return None
        if seconds is not None and numbered is not None and numbered.seq in self._kept:
            self.arrivals[numbered.seq] = seconds
        self._again = self._again and numbered is None
        self.duplicated += numbered is None and not self._again
        return numbered

    def fill(self, recorded: bytes) -> Iterator[NumberedEvent]:
        """Take from the worker's own file, and yield as it goes, what the live feed did not bring.

        A torn last line is what a full volume or a kill leaves: it is skipped, not refused.
        """
        until = self.refused + READ_REFUSALS
        file = io.BytesIO(recorded)  # shares the bytes; a list of the lines could take many times as much
        for line in file:
            if not line.endswith(b"\n"):
                return
            if line.isspace():
                continue
            try:
                numbered = self._admit(line[:-1])
            except RejectedLineError as rejection:
                self._reject(line[:-1], f"in {EVENTS}: {rejection}")
            else:
                if numbered is not None:
                    yield numbered
            if self.refused >= until:
                self.refused += recorded.count(b"\n", file.tell())
                return

    @property
    def ordered(self) -> list[NumberedEvent]:
        """Return by number the events that a record is made from, and the very last one of any kind."""
        last = {} if self._last is None else {self._last.seq: self._last}
        return [numbered for _, numbered in sorted({**self._kept, **last}.items())]

    @property
    def flooded(self) -> bool:
        return self.bytes_read > self.budget_bytes

    def counts(self) -> EventCounts:
        return EventCounts(
            received=self._numbers.received,
            lost=self._numbers.lost,
            duplicated=self.duplicated,
            rejected=self.refused,
        )

    def _admit(self, line: bytes) -> NumberedEvent | None:
        """Return the line's event, or None where it has come before; raises RejectedLineError."""
        numbered = decode(line.rstrip(b"\r"))
        # Identity is the engine's to say (the container's label), never the line's.
        if numbered.trial != self.trial_id:
            raise RejectedLineError(f"of another trial: {numbered.trial[:80]}")
        if numbered.seq in self._numbers:
            return None
        recorded = not isinstance(numbered.event, (Heartbeat, Steps))
        most = {EpochEnded: KEPT_EPOCHS, TurnEnded: KEPT_TURNS}.get(type(numbered.event), KEPT_OTHERS)
        if recorded and self._kinds[numbered.event.kind] >= most:
            raise RejectedLineError(f"more than {most} events of the kind {numbered.event.kind}")
        self._numbers.add(numbered.seq)
        if recorded:
            self._kinds[numbered.event.kind] += 1
            self._kept[numbered.seq] = numbered
        self._note_start(numbered)
        if self._last is None or numbered.seq > self._last.seq:
            self._last = numbered
        return numbered

    def _note_start(self, numbered: NumberedEvent) -> None:
        """Remember when an epoch began: a heartbeat at step 0 says so."""
        beat = numbered.event
        if not isinstance(beat, Heartbeat) or beat.step != 0 or beat.epoch is None:
            return
        if len(self.epoch_starts) < KEPT_EPOCHS:
            self.epoch_starts.setdefault(beat.epoch, numbered.t)

    def _reject(self, line: bytes, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < KEPT_REFUSALS:
            self.refusals.append(Rejection(line[:200], reason))
