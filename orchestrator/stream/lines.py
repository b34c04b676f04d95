"""Splits a byte stream into lines, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LINE_CAP_BYTES = 64 * 1024
"""A line longer than this is not kept in memory; the gate refuses anything above 4,096 bytes anyway."""


class Lines:
    """Joins chunks and splits them at newlines.

    Engines promise nothing about where a chunk ends: it may hold half a line or several,
    and Docker cuts at 16 KiB. Memory stays bounded whatever arrives.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._dropped_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that this chunk ends, without their newlines."""
        *ended, self._rest = (self._rest + chunk).split(b"\n")
        yield from ended
        if len(self._rest) > LINE_CAP_BYTES:
            # Kept just long enough to be refused as too long when its newline comes.
            self._dropped_bytes += len(self._rest) - LINE_CAP_BYTES
            self._rest = self._rest[:LINE_CAP_BYTES]

    def dropped_bytes(self) -> int:
        """Return how much of endless lines no line will bring, since the last call."""
        dropped, self._dropped_bytes = self._dropped_bytes, 0
        return dropped

    def end(self) -> Iterator[bytes]:
        """Yield an unfinished last line: what a killed worker did not end."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split a whole stream at once."""
    splitter = Lines()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.end()
