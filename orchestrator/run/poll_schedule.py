"""When to ask the engine about a worker, and when to open its stream again. Pure but for its own memory.

Asking costs the engine a little CPU, so it is seldom while the stream lives. A stream that ended is no evidence: the
engine is asked at once, and the stream opened again after pauses that grow. Times are of the watch's clock, in seconds.
"""

from __future__ import annotations

from orchestrator.engines.retry import waits


class PollSchedule:
    """Keeps when the engine was asked, when the stream was opened, and how long to wait with the next try."""

    def __init__(self, now: float, *, poll_seconds: float, reconnect_seconds: float, ask_at_once: bool) -> None:
        self._poll_seconds = poll_seconds
        self._reconnect_seconds = reconnect_seconds
        self._connected_at = now
        self._polled_at = now - (poll_seconds if ask_at_once else 0.0)
        self._waits = waits()
        self._try_at: float | None = None  # when an ended stream, or an engine that is away, is tried again

    def take_poll(self, now: float, *, connected: bool) -> bool:
        """Tell whether to ask the engine now, and count that as asked.

        `connected` says that the engine answers and the stream lives, or that there is no stream to lose.
        """
        due = self._is_due(now, connected)
        if due:
            self._polled_at = now
        return due

    def reconnect_is_due(self, now: float, heard_at: float, *, stream_ended: bool) -> bool:
        """Tell whether to open the stream again: a pause after its end, or when it brought nothing for too long."""
        if stream_ended:
            return self._try_at is not None and now >= self._try_at
        return now - max(heard_at, self._connected_at) > self._reconnect_seconds

    def note_no_answer(self, now: float) -> None:
        """Note that the engine did not answer: the next try waits longer."""
        self._try_at = now + next(self._waits)

    def note_reconnect(self, now: float) -> None:
        self._connected_at, self._try_at = now, None

    def reset_waits(self) -> None:
        """Let the next wait be short again, since the connection was good for something."""
        self._waits = waits()

    def _is_due(self, now: float, connected: bool) -> bool:
        if connected:
            return now - self._polled_at >= self._poll_seconds
        if self._try_at is None:
            self._try_at = now + next(self._waits)
            return True
        return now >= self._try_at
