"""A text stream that replaces what its encoding cannot show, and does not fail when its reader has gone.

A closed terminal or pager must not end a comparison: the record on disk is what counts, so the
outlet drops what cannot be written, says nothing, and the trials go on.
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
        self._closed = False

    @property
    def encoding(self) -> str:  # type: ignore[override] # a plain attribute in the base class
        return self._encoding

    def write(self, text: str) -> int:
        if not self._closed:
            self._write(self._encodable(text))
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write has flushed."""

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._closed = True

    def _encodable(self, text: str) -> str:
        if self._encoding.lower().startswith("utf"):
            return text
        return text.translate(_PLAIN).encode(self._encoding, "replace").decode(self._encoding)
