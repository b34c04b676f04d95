"""The last gate before the stream: writes what its encoding can show, and outlives its reader.

A terminal that was closed or a pager that was left must not end a comparison: the record on
disk is what counts, so the outlet gives up in silence and the trials go on.
"""

from __future__ import annotations

import io
from typing import TextIO

_PLAIN = str.maketrans("▁▂▃▄▅▆▇█✓✗◷○■●·│–−…×’", "_.:-=+*#+x!o#*.|--~x'")
"""One character for one, so that tables stay aligned."""


class Outlet(io.TextIOBase, TextIO):
    """A text stream around another, for writing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override] # a plain attribute in the base class
        return self._encoding

    def write(self, text: str) -> int:
        if not self._gone:
            self._try(self._shown(text))
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write has flushed."""

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _try(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._gone = True

    def _shown(self, text: str) -> str:
        if self._encoding.lower().startswith("utf"):
            return text
        return text.translate(_PLAIN).encode(self._encoding, "replace").decode(self._encoding)
