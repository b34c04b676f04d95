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
from orchestrator.engines.retry import ENGINE_PATIENCE_SECONDS
from orchestrator.record.trial_verdict import Observed, StopReason
from orchestrator.run.feed import Feed
from orchestrator.run.outages import Outage, Pauses
from orchestrator.run.poll_schedule import PollSchedule
from orchestrator.spec.spec import TRIAL_SECONDS
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Intake
from orchestrator.values import Say
from shared.events import HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds."""

    trial_seconds: float = TRIAL_SECONDS  # without what somebody paused, and without waiting for turns
    reconnect_seconds: float = 2.5 * HEARTBEAT_SECONDS  # two beats missed: the connection may be dark
    silence_seconds: float = 180.0  # a worker this silent hangs; importing a framework from a cold disk is not
    paused_seconds: float = 3600.0  # at a stretch
    engine_seconds: float = ENGINE_PATIENCE_SECONDS  # how long an engine may stay away
    poll_seconds: float = 5.0  # asking costs the engine a little CPU, so seldom while the stream lives
    tick_seconds: float = 0.5
    drain_seconds: float = 5.0  # for what is still under way when the worker has ended


@dataclass(frozen=True)
class TrialClock:
    """The host's clock, and what of its seconds does not count as the trial's."""

    now: Callable[[], float] = time.monotonic
    lived_seconds: float | None = None  # since an earlier host started the worker; None where this one did
    waited_seconds: Callable[[], float] = lambda: 0.0  # for its turns, so far


class Watchdog:
    """One worker under watch: `look` tells when it has ended, or was stopped or given up."""

    def __init__(
        self,
        worker: Worker,
        intake: Intake,
        on_event: Callable[[NumberedEvent], None],
        limits: Limits,
        *,
        clock: TrialClock = TrialClock(),
        say: Say = lambda _: None,
        ring: Callable[[], object] = lambda: None,
    ) -> None:
        self._worker = worker
        self._intake = intake
        self._on_event = on_event
        self._limits = limits
        self._clock = clock.now
        self._waited_seconds = clock.waited_seconds
        self._feed = Feed(worker, ring)
        now, lived_seconds = clock.now(), clock.lived_seconds
        self._heard_at = self._answered_at = now
        self._seen_running = lived_seconds is None  # what an earlier host started may have ended unseen
        self._started_at = now - (lived_seconds or 0.0)
        self._schedule = PollSchedule(
            now,
            poll_seconds=limits.poll_seconds,
            reconnect_seconds=limits.reconnect_seconds,
            ask_at_once=lived_seconds is not None,  # it may have ended in good time, and its limit passed since
        )
        self._outage = Outage(limits.engine_seconds, say)
        self._pauses = Pauses(say)

    def look(self, timeout_seconds: float) -> Observed | None:
        """Read what has come, or comes in the time given; None where the worker goes on, as far as is known."""
        self._read(timeout_seconds)
        # Asked before limits are looked at: a host that slept wakes to old clocks and an ended worker.
        if (worker_exit := self._poll_if_due()) is not None:
            self._drain()
            return self._observe(StopReason.EXITED, worker_exit)
        if (observed := self._exceeded_limit()) is not None:
            return observed
        self._reconnect_if_due()
        return None

    def interrupt(self) -> Observed:
        """Stop the worker because the user wants to, and tell what is known."""
        return self._stop(StopReason.INTERRUPTED)

    def _read(self, timeout_seconds: float) -> None:
        for line in self._feed.lines(timeout_seconds):
            self._heard_at = self._clock()
            self._take(line)
            if self._intake.flooded:
                return
        self._intake.bytes_read += self._feed.dropped_bytes()

    def _take(self, line: bytes) -> None:
        if (event := self._intake.take(line, self._heard_at)) is not None:
            self._schedule.reset_waits()
            self._on_event(event)

    def _exceeded_limit(self) -> Observed | None:
        """Tell which limit has passed, having stopped the worker."""
        now, limits = self._clock(), self._limits
        if self._intake.flooded:
            return self._stop(StopReason.FLOODED)
        if self._outage.away:  # nobody is there to stop it, and its silence may be the engine's
            given_up = now - self._answered_at > limits.engine_seconds
            return self._observe(StopReason.ENGINE_LOST, None) if given_up else None
        if self._pauses.stretch_seconds(now) > limits.paused_seconds:
            return self._stop(StopReason.PAUSED, f"{limits.paused_seconds:g} s")
        if now - self._started_at - self._pauses.seconds(now) - self._waited_seconds() > limits.trial_seconds:
            return self._stop(StopReason.DEADLINE, f"{limits.trial_seconds:g} s")
        if now - self._heard_at > limits.silence_seconds and not self._feed.refused:
            return self._stop(StopReason.SILENCE, f"{limits.silence_seconds:g} s")
        return None

    def _poll_if_due(self) -> WorkerExit | None:
        """Ask the engine how the worker ended, where the schedule says so; None while it runs or is not asked for."""
        connected = not self._outage.away and (not self._feed.ended or bool(self._feed.refused))
        if not self._schedule.take_poll(self._clock(), connected=connected):
            return None
        try:
            worker_exit = self._worker.poll()
        except EngineLostError as error:
            now = self._clock()
            self._schedule.note_no_answer(now)
            self._outage.note(now - self._answered_at, str(error))
            return None
        self._answered_at = self._clock()
        if worker_exit is None:
            self._note_running(self._answered_at)
        return worker_exit

    def _note_running(self, now: float) -> None:
        """Take up what the engine says of a worker that runs."""
        self._seen_running = True
        if self._outage.away:
            self._outage.end()
            self._heard_at = now  # nothing could be heard, and the stream is surely gone
            self._schedule.reset_waits()
            self._reconnect()
        if self._pauses.note(self._worker.paused, now):
            self._heard_at = now

    def _reconnect_if_due(self) -> None:
        """Open the stream again; not while the engine is away, which the next question tells."""
        if self._feed.refused or self._outage.away:
            return
        if self._schedule.reconnect_is_due(self._clock(), self._heard_at, stream_ended=self._feed.ended):
            self._reconnect()

    def _reconnect(self) -> None:
        self._schedule.note_reconnect(self._clock())
        if not self._feed.refused:
            self._feed.reconnect()

    def _drain(self) -> None:
        """Read what is still under way; a stream may stay open after the worker's end."""
        until = self._clock() + self._limits.drain_seconds
        while not self._feed.ended and not self._intake.flooded and self._clock() < until:
            self._read(0.1)
        for line in self._feed.unfinished_line():
            self._take(line)

    def _stop(self, reason: StopReason, limit: str = "") -> Observed:
        """Stop the worker; how it went then tells whether it had to be killed."""
        self._worker.stop()
        try:
            worker_exit = self._worker.poll()
        except EngineLostError:
            worker_exit = None
        return self._observe(reason, worker_exit, limit)

    def _observe(self, reason: StopReason, worker_exit: WorkerExit | None, limit: str = "") -> Observed:
        was_away = self._outage.away
        if was_away:
            self._outage.end(answered=reason is not StopReason.ENGINE_LOST)
        return Observed(
            stop_reason=reason,
            exit=worker_exit,
            reconnects=self._feed.reconnects,
            limit=limit,
            engine_was_away=was_away,
            paused_seconds=self._pauses.seconds(self._clock()),
            no_feed=self._feed.refused,
            outages=tuple(self._outage.lines),
            unseen=not self._seen_running,
        )
