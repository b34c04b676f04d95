"""Reads a running worker to its end, and decides from outside the stream when it has ended.

The watchdog and the deadline live here, beside the reading and not inside it: a stream that
blocks for ever must not block the judgement. Silence is measured on the host's clock, and
is the worker's own only while the engine answers and nobody holds the worker still.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.engines.engine import EngineLostError, Worker, WorkerExit
from orchestrator.engines.retry import ENGINE_PATIENCE_SECONDS, waits
from orchestrator.record.verdict import Observed, StopReason
from orchestrator.run.feed import Feed
from orchestrator.run.outages import Outage, Pauses
from orchestrator.spec.spec import TRIAL_SECONDS
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Intake
from orchestrator.values import Say
from shared.events import HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds."""

    trial_seconds: float = TRIAL_SECONDS  # without what somebody paused
    reconnect_seconds: float = 2.5 * HEARTBEAT_SECONDS  # two beats missed: the connection may be dark
    silence_seconds: float = 180.0  # a worker this silent hangs; importing a framework from a cold disk is not
    paused_seconds: float = 3600.0  # at a stretch
    engine_seconds: float = ENGINE_PATIENCE_SECONDS  # how long an engine may stay away
    poll_seconds: float = 5.0  # asking costs the engine a little CPU, so seldom while the stream lives
    tick_seconds: float = 0.5
    drain_seconds: float = 5.0  # for what is still under way when the worker has ended


class Watch:
    """One worker under watch; `until_end` returns when its fate is known."""

    def __init__(
        self,
        worker: Worker,
        intake: Intake,
        on_event: Callable[[NumberedEvent], None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        say: Say = lambda _: None,
        lived_seconds: float | None = None,
    ) -> None:
        self._worker = worker
        self._intake = intake
        self._on_event = on_event
        self._limits = limits
        self._clock = clock
        self._say = say
        self._feed = Feed(worker)
        self._heard = self._answered = self._connected = clock()
        self._seen_running = lived_seconds is None  # what an earlier host started may have ended unseen
        self._started = self._heard - (lived_seconds or 0.0)
        # So it is asked at once: it may have ended in good time, and its limit passed since.
        self._polled = self._heard - (0.0 if self._seen_running else limits.poll_seconds)
        self._outage = Outage(limits.engine_seconds, say)
        self._pauses = Pauses(say)
        self._waits = waits()
        self._try_at: float | None = None  # when an ended stream, or an engine that is away, is tried again

    def until_end(self) -> Observed:
        while True:
            self._read(self._limits.tick_seconds)
            # Asked before limits are looked at: a host that slept wakes to old clocks and an ended worker.
            if (left := self._asked()) is not None:
                self._drain()
                return self._watched(StopReason.EXITED, left)
            if (over := self._over()) is not None:
                return over
            if self._due():
                self._reconnect()

    def interrupted(self) -> Observed:
        """Stop the worker because the user wants to, and tell what is known."""
        return self._stopped(StopReason.INTERRUPTED)

    def _read(self, timeout_seconds: float) -> None:
        for line in self._feed.lines(timeout_seconds):
            self._heard = self._clock()
            self._take(line)
            if self._intake.flooded:
                return
        self._intake.bytes_read += self._feed.dropped_bytes()

    def _take(self, line: bytes) -> None:
        if (event := self._intake.take(line)) is not None:
            self._waits = waits()  # the connection was good for something
            self._on_event(event)

    def _over(self) -> Observed | None:
        """Tell which limit has passed, having stopped the worker."""
        now, limits = self._clock(), self._limits
        if self._intake.flooded:
            return self._stopped(StopReason.FLOODED)
        if self._outage.away:  # nobody is there to stop it, and its silence may be the engine's
            return self._watched(StopReason.ENGINE_LOST, None) if now - self._answered > limits.engine_seconds else None
        if self._pauses.stretch_seconds(now) > limits.paused_seconds:
            return self._stopped(StopReason.PAUSED, f"{limits.paused_seconds:g} s")
        if now - self._started - self._pauses.seconds(now) > limits.trial_seconds:
            return self._stopped(StopReason.DEADLINE, f"{limits.trial_seconds:g} s")
        if now - self._heard > limits.silence_seconds and not self._feed.refused:
            return self._stopped(StopReason.SILENCE, f"{limits.silence_seconds:g} s")
        return None

    def _asked(self) -> WorkerExit | None:
        """Ask the engine how the worker ended: at once when the stream has ended, else now and then."""
        now = self._clock()
        if not self._question_due(now):
            return None
        self._polled = now
        try:
            left = self._worker.poll()
        except EngineLostError as error:
            self._try_at = self._clock() + next(self._waits)
            self._outage.noted(self._clock() - self._answered, str(error))
            return None
        self._answered = self._clock()
        if left is None:
            self._runs_on(self._answered)
        return left

    def _runs_on(self, now: float) -> None:
        """Take up what the engine says of a worker that runs."""
        self._seen_running = True
        if self._outage.away:
            self._outage.over()
            self._heard, self._waits = now, waits()  # nothing could be heard, and the stream is surely gone
            self._reconnect()
        if self._pauses.saw(self._worker.paused, now):
            self._heard = now

    def _question_due(self, now: float) -> bool:
        if not self._outage.away and (not self._feed.ended or self._feed.refused):
            return now - self._polled >= self._limits.poll_seconds
        if self._try_at is None:
            self._try_at = now + next(self._waits)
            return True
        return now >= self._try_at

    def _due(self) -> bool:
        """Tell whether to open the stream again; not while the engine is away, which the next question tells."""
        now = self._clock()
        if self._feed.refused or self._outage.away:
            return False
        if self._feed.ended:
            return self._try_at is not None and now >= self._try_at
        return now - max(self._heard, self._connected) > self._limits.reconnect_seconds

    def _reconnect(self) -> None:
        self._connected, self._try_at = self._clock(), None
        if not self._feed.refused:
            self._feed.reconnect()

    def _drain(self) -> None:
        """Read what is still under way; a stream may stay open after the worker's end."""
        until = self._clock() + self._limits.drain_seconds
        while not self._feed.ended and not self._intake.flooded and self._clock() < until:
            self._read(0.1)
        for line in self._feed.unfinished():
            self._take(line)

    def _stopped(self, ending: StopReason, limit: str = "") -> Observed:
        """Stop the worker; how it went then tells whether it had to be killed."""
        self._worker.stop()
        try:
            left = self._worker.poll()
        except EngineLostError:
            left = None
        return self._watched(ending, left, limit)

    def _watched(self, ending: StopReason, left: WorkerExit | None, limit: str = "") -> Observed:
        now = self._clock()
        was_away = self._outage.away
        if was_away:
            self._outage.over(answered=ending is not StopReason.ENGINE_LOST)
        return Observed(
            ending,
            left,
            self._feed.reconnects,
            limit,
            was_away,
            self._pauses.seconds(now),
            self._feed.refused,
            tuple(self._outage.lines),
            not self._seen_running,
        )
