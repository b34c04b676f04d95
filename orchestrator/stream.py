"""Bytes → lines → numbered events: pure. Nothing is dropped silently, everything refused is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orchestrator.contract import Numbered, Refused, decode
from orchestrator.record import EventCounts

LINE_CAP_BYTES = 64 * 1024
"""A line longer than this is not kept in memory; the gate refuses anything above 4,096 bytes anyway."""

BUDGET_BYTES = 256 * 2**20
"""What one trial may print in all. A metric stream needs a few hundred kilobytes."""

KEPT_REFUSALS = 1000


class Lines:
    """Joins chunks and splits them at newlines.

    Engines promise nothing about where a chunk ends: it may hold half a line or several,
    and Docker cuts at 16 KiB. Memory stays bounded whatever arrives.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        yield from whole
        if len(self._rest) > LINE_CAP_BYTES:
            # Kept just long enough to be refused as too long when its newline comes.
            self._rest = self._rest[:LINE_CAP_BYTES]

    def end(self) -> Iterator[bytes]:
        """Yield an unfinished last line: a killed worker's final words."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a whole stream at once."""
    splitter = Lines()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.end()


@dataclass(frozen=True)
class Refusal:
    """A line that is no event of this trial."""

    line: bytes
    reason: str


@dataclass
class Intake:
    """All that one trial sent, each event once, whichever way it came.

    `seq` counts from 0 without holes in the worker, so a hole here is a loss known, and the
    copy in the worker's file fills it.
    """

    trial_id: str
    budget_bytes: int = BUDGET_BYTES
    events: dict[int, Numbered] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0
    duplicated: int = 0
    bytes_read: int = 0

    def take(self, line: bytes) -> Numbered | None:
        """Judge one line of the live feed; return the event if it is new."""
        self.bytes_read += len(line) + 1
        if not line.strip():
            return None
        try:
            numbered = self._own(decode(line.rstrip(b"\r")))
        except Refused as refusal:
            self._refuse(line, str(refusal))
            return None
        if numbered.seq in self.events:
            self.duplicated += 1
            return None
        self.events[numbered.seq] = numbered
        return numbered

    def fill(self, recorded: bytes) -> list[Numbered]:
        """Take from the worker's own file what the live feed did not bring; return it in order.

        A torn last line is what a full volume or a kill leaves: it is skipped, not refused.
        """
        whole, _, _torn = recorded.rpartition(b"\n")
        found = []
        for line in whole.split(b"\n"):
            try:
                numbered = self._own(decode(line))
            except Refused as refusal:
                if line:
                    self._refuse(line, f"in events.jsonl: {refusal}")
                continue
            if numbered.seq not in self.events:
                self.events[numbered.seq] = numbered
                found.append(numbered)
        return sorted(found, key=lambda numbered: numbered.seq)

    @property
    def ordered(self) -> list[Numbered]:
        return [self.events[seq] for seq in sorted(self.events)]

    @property
    def flooded(self) -> bool:
        return self.bytes_read > self.budget_bytes

    def counts(self) -> EventCounts:
        return EventCounts(
            received=len(self.events),
            lost=max(self.events, default=-1) + 1 - len(self.events),
            duplicated=self.duplicated,
            rejected=self.refused,
        )

    def _own(self, numbered: Numbered) -> Numbered:
        # Identity is the engine's to say (the container's label), never the line's.
        if numbered.trial != self.trial_id:
            raise Refused(f"of another trial: {numbered.trial[:80]}")
        return numbered

    def _refuse(self, line: bytes, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < KEPT_REFUSALS:
            self.refusals.append(Refusal(line[:200], reason))
