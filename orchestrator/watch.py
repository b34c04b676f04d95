"""Reads a running worker to its end, and decides from outside the stream when it has ended.

The watchdog and the deadline live here, beside the reading and not inside it: a stream that
blocks for ever must not block the judgement. Silence is measured on the host's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.contract import Numbered
from orchestrator.engine import EngineLost, Exit, Worker
from orchestrator.feed import Feed
from orchestrator.stream import Intake
from orchestrator.verdict import Ending
from shared.events import HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds."""

    trial_seconds: float = 4 * 3600.0
    reconnect_seconds: float = 3.5 * HEARTBEAT_SECONDS  # three beats missed: the connection may be dark
    silence_seconds: float = 180.0  # a worker this silent hangs; importing a framework from a cold disk is not
    engine_seconds: float = 60.0  # how long an engine may stay away
    poll_seconds: float = 5.0  # asking costs the engine a little CPU, so seldom while the stream lives
    tick_seconds: float = 0.5
    drain_seconds: float = 5.0  # for what is still under way when the worker has ended


@dataclass(frozen=True)
class Watched:
    """How the watching ended."""

    ending: Ending
    exit: Exit | None
    reconnects: int
    limit: str = ""  # the limit that passed, in words


class Watch:
    """One worker under watch; `until_end` returns when its fate is known."""

    def __init__(
        self,
        worker: Worker,
        intake: Intake,
        on_event: Callable[[Numbered], None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
        lived_seconds: float = 0.0,
    ) -> None:
        self._worker = worker
        self._intake = intake
        self._on_event = on_event
        self._limits = limits
        self._clock = clock
        self._feed = Feed(worker)
        self._heard = self._polled = self._answered = self._connected = clock()
        self._started = self._heard - lived_seconds  # before an earlier host lost sight of it

    def until_end(self) -> Watched:
        while True:
            self._read(self._limits.tick_seconds)
            # Asked before limits are looked at: a host that slept wakes to old clocks and an ended worker.
            if (left := self._asked()) is not None:
                self._drain()
                return self._watched(Ending.EXITED, left)
            if (over := self._over()) is not None:
                return over
            if self._feed.ended or self._dark():
                self._reconnect()

    def _read(self, timeout_seconds: float) -> None:
        for line in self._feed.lines(timeout_seconds):
            self._heard = self._clock()
            if (event := self._intake.take(line)) is not None:
                self._on_event(event)
            if self._intake.flooded:
                return
        self._intake.bytes_read += self._feed.dropped_bytes()

    def _over(self) -> Watched | None:
        """Tell which limit has passed, having stopped the worker."""
        now, limits = self._clock(), self._limits
        if self._intake.flooded:
            return self._stopped(Ending.FLOODED)
        if now - self._started > limits.trial_seconds:
            return self._stopped(Ending.DEADLINE, f"{limits.trial_seconds:g} s")
        if now - self._answered > limits.engine_seconds:
            return self._watched(Ending.ENGINE_LOST, None)
        if now - self._heard > limits.silence_seconds:
            return self._stopped(Ending.SILENCE, f"{limits.silence_seconds:g} s")
        return None

    def _asked(self) -> Exit | None:
        """Ask the engine how the worker ended: at once when the stream ended, else now and then."""
        now = self._clock()
        if not self._feed.ended and now - self._polled < self._limits.poll_seconds:
            return None
        self._polled = now
        try:
            left = self._worker.poll()
        except EngineLost:
            return None
        self._answered = self._clock()
        return left

    def _dark(self) -> bool:
        return self._clock() - max(self._heard, self._connected) > self._limits.reconnect_seconds

    def _reconnect(self) -> None:
        # Where the stream ended and the worker runs on, the engine may be restarting: half a
        # second between tries is polite enough for both.
        if self._feed.ended:
            time.sleep(self._limits.tick_seconds)
        self._connected = self._clock()
        self._feed.reconnect()

    def _drain(self) -> None:
        """Read what is still under way; a stream may stay open after the worker's end."""
        until = self._clock() + self._limits.drain_seconds
        while not self._feed.ended and not self._intake.flooded and self._clock() < until:
            self._read(0.1)

    def _stopped(self, ending: Ending, limit: str = "") -> Watched:
        self._worker.stop()
        return self._watched(ending, None, limit)

    def _watched(self, ending: Ending, left: Exit | None, limit: str = "") -> Watched:
        return Watched(ending, left, self._feed.reconnects, limit)
