"""The live feed of one worker: a reading thread that may hang, fail or end without harm.

Engines' streams end in silence when a connection drops and block for ever when it goes
dark, so reading happens beside the loop that watches the clock, and every reconnection
starts a new thread. Lines come out in order; what a reconnection brings twice is known by `seq`.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

from orchestrator.engine import EngineLost, Worker
from orchestrator.stream import Lines

_QUEUE_CHUNKS = 1000  # back pressure: an engine's log reader may wait, the worker never does


class Feed:
    """Lines of a worker, as they come."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.reconnects = -1
        self.reconnect()

    def reconnect(self) -> None:
        """Open the stream again a little before where it stopped; the old thread is left to its fate."""
        self.reconnects += 1
        self.ended = False
        self._lines = Lines()
        self._queue: queue.Queue[bytes | None] = queue.Queue(_QUEUE_CHUNKS)
        threading.Thread(target=_read, args=(self._worker, self._queue), daemon=True).start()

    def lines(self, timeout_seconds: float) -> Iterator[bytes]:
        """Wait up to the time given for a chunk, then yield the lines of what has arrived.

        A queue's length at most: a worker that prints without end must not keep the watcher from its clock.
        """
        for chunk in self._arrived(timeout_seconds):
            if chunk is None:
                self.ended = True
                yield from self._lines.end()
            else:
                yield from self._lines.feed(chunk)

    def dropped_bytes(self) -> int:
        """Return how much of endless lines no line will bring, since the last call."""
        return self._lines.dropped_bytes()

    def _arrived(self, timeout_seconds: float) -> Iterator[bytes | None]:
        with contextlib.suppress(queue.Empty):
            yield self._queue.get(timeout=timeout_seconds)
            for _ in range(_QUEUE_CHUNKS):
                yield self._queue.get_nowait()


def _read(worker: Worker, chunks: queue.Queue[bytes | None]) -> None:
    try:
        for chunk in worker.chunks():
            chunks.put(chunk)
    except (EngineLost, OSError):
        pass  # the end of a stream is never evidence: the watcher asks the engine
    finally:
        chunks.put(None)
