"""Resumes a container's log after a reconnect without repeating lines, by the engine's own time stamps.

Pure: no engine is asked. Times are whole nanoseconds: a float would not hold them at today's date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

OVERLAP_SECONDS = 2.0  # re-read a little rather than lose a line

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z ")
_EMPTY_CONNECTIONS = 2  # in a row, after which the log is read from its beginning


def nanoseconds(stamp: bytes) -> int | None:
    """Return the Unix time that an entry begins with, in nanoseconds; None where it has no stamp."""
    match = _STAMP.match(stamp)
    if match is None:
        return None
    whole = int(datetime.fromisoformat(match[1].decode() + "+00:00").timestamp())
    return whole * 10**9 + int((match[2] or b"").ljust(9, b"0"))


class LogCursor:
    """The last whole line that was handed out, across connections."""

    def __init__(self) -> None:
        self._last: int | None = None  # its stamp, nanoseconds
        self._empty_connections = 0  # connections in a row that brought nothing new

    def since(self) -> float | None:
        """Begin a connection: return from when to ask, in Unix seconds; None for the beginning of the log.

        Where two in a row brought nothing new, the engine's clock may have been set back: its new lines
        are older than ours, and only the beginning holds them all.
        """
        if self._last is None:
            return None
        if self._empty_connections >= _EMPTY_CONNECTIONS:
            self._empty_connections = 0
            return None
        return max(0.0, self._last / 1e9 - OVERLAP_SECONDS)

    def fresh(self, entries: Iterator[bytes]) -> Iterator[bytes]:
        """Yield of one connection's entries, without their stamps, what was not handed out before.

        Skipped is up to the line that the last connection ended with. A stamp that is newer, or older than
        the one before it, shows that this line is not there any more.
        """
        self._empty_connections += 1
        last, before, skips = self._last, 0, self._last is not None
        for entry in entries:
            stamp = nanoseconds(entry)
            if stamp is None:
                yield entry
                continue
            if skips and last is not None:
                skips = before <= stamp < last
                before = stamp
                if skips or stamp == last:
                    continue
            self._empty_connections = 0
            yield entry[entry.index(b" ") + 1 :]
            if entry.endswith(b"\n"):  # a long line comes in pieces, and is read again from its first
                self._last = stamp
