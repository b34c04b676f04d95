"""The live feed of one worker: reading threads that may hang, fail or end without harm.

Engines' streams end in silence when a connection drops and block for ever when it goes
dark, so reading happens beside the loop that watches the clock, and every reconnection
starts a new thread. What an older thread still brings is read too: the worker counts it as
handed out and will not bring it again.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator

from orchestrator.engines.engine import EngineLostError, NoFeedError, Worker
from orchestrator.stream.lines import Lines

_QUEUE_CHUNKS = 1000  # back pressure: an engine's log reader may wait, the worker never does

Arrival = tuple[int, bytes | NoFeedError | None]  # which connection; None is its end


class Feed:
    """Lines of a worker, as they come."""

    def __init__(self, worker: Worker, ring: Callable[[], object] = lambda: None) -> None:
        """Begin to read; `ring` is called, from another thread, whenever something has come."""
        self._worker = worker
        self._ring = ring
        self._queue: queue.Queue[Arrival] = queue.Queue(_QUEUE_CHUNKS)
        self._lines: dict[int, Lines] = {}  # by connection: each may end within a line
        self._unfinished: tuple[bytes, ...] = ()
        self._dropped_bytes = 0
        self.refused = ""  # why there is no feed at all
        self.reconnects = -1
        self.reconnect()

    def reconnect(self) -> None:
        """Open the stream again where it stopped. The old thread ends with its connection, which may be never."""
        self.reconnects += 1
        self.ended = False
        self._unfinished = ()
        self._lines[self.reconnects] = Lines()
        reading = (self._worker, self.reconnects, self._queue, self._ring)
        threading.Thread(target=_read, args=reading, daemon=True).start()

    def lines(self, timeout_seconds: float) -> Iterator[bytes]:
        """Wait up to the time given for a chunk, then yield the lines of what has arrived.

        A queue's length at most: a worker that prints without end must not keep the watcher from its clock.
        """
        for connection, chunk in self._receive(timeout_seconds):
            if isinstance(chunk, bytes):
                yield from self._lines[connection].feed(chunk)
            else:
                self._close(connection)
                self.refused = str(chunk) if chunk is not None else self.refused

    def unfinished_line(self) -> tuple[bytes, ...]:
        """Return the line that the last connection broke off in, if any: a killed worker's final words.

        A new connection brings it whole, so it counts only where there is none any more.
        """
        return self._unfinished

    def dropped_bytes(self) -> int:
        """Return how much of endless lines no line will bring, since the last call."""
        dropped = self._dropped_bytes + sum(lines.dropped_bytes() for lines in self._lines.values())
        self._dropped_bytes = 0
        return dropped

    def _close(self, connection: int) -> None:
        lines = self._lines.pop(connection)
        self._dropped_bytes += lines.dropped_bytes()
        if connection == self.reconnects:
            self.ended = True
            self._unfinished = tuple(lines.end())

    def _receive(self, timeout_seconds: float) -> Iterator[Arrival]:
        with contextlib.suppress(queue.Empty):
            yield self._queue.get(timeout=timeout_seconds)
            for _ in range(_QUEUE_CHUNKS):
                yield self._queue.get_nowait()


def _read(worker: Worker, connection: int, arrivals: queue.Queue[Arrival], ring: Callable[[], object]) -> None:
    end: NoFeedError | None = None
    try:
        for chunk in worker.chunks():
            arrivals.put((connection, chunk))
            ring()
    except NoFeedError as error:
        end = error
    except (EngineLostError, OSError):
        pass  # the end of a stream is never evidence: the watcher asks the engine
    finally:
        arrivals.put((connection, end))
        ring()
