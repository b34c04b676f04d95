"""A worker under watch: what ends the watching, what a broken stream costs. The clock is the test's own."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.engines.engine import EngineLostError, NoFeedError, WorkerExit
from orchestrator.engines.scripted import Script, ScriptedWorker
from orchestrator.record.trial_verdict import Observed, StopReason
from orchestrator.run.watchdog import Limits, TrialClock, Watchdog
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import EventCounts, Intake
from tests.support.streams import BEAT, READY, STORY, TRIAL, lines

NEVER = 1e9
CALM = Limits(
    trial_seconds=NEVER,
    reconnect_seconds=NEVER,
    silence_seconds=NEVER,
    engine_seconds=NEVER,
    poll_seconds=1.0,
    tick_seconds=0.001,
    drain_seconds=NEVER,
)


def hurried(**changes: float) -> Limits:
    return Limits(**{**vars(CALM), **changes})


class Clock:
    """A second passes each time somebody looks."""

    def __init__(self) -> None:
        self._seconds = itertools.count(0.0, 1.0)

    def __call__(self) -> float:
        return next(self._seconds)


def until_end(watch: Watchdog) -> Observed:
    while (observed := watch.look(CALM.tick_seconds)) is None:
        pass
    return observed


class Watching:
    """A watch and what came of it."""

    def __init__(self, worker: ScriptedWorker, limits: Limits = CALM, budget_bytes: int = 10**9) -> None:
        self.events: list[NumberedEvent] = []
        self.intake = Intake(TRIAL, budget_bytes)
        self.said: list[str] = []
        clock = TrialClock(Clock())
        watch = Watchdog(worker, self.intake, self.events.append, limits, clock=clock, say=self.said.append)
        self.observed: Observed = until_end(watch)

    @property
    def counts(self) -> EventCounts:
        return self.intake.counts()


class Streaming(ScriptedWorker):
    """Streams what `tell` gives at each connection, counted from 0, and runs until it is stopped or `exits` is set."""

    def __init__(self, tell: Callable[[int], Iterator[bytes]], worker_exit: WorkerExit = WorkerExit(0)) -> None:  # noqa: B008 - frozen
        super().__init__(Script())
        self._tell = tell
        self._exit = worker_exit
        self._connections = itertools.count()
        self.exits = threading.Event()
        self.stopped = threading.Event()

    def chunks(self) -> Iterator[bytes]:
        return self._tell(next(self._connections))

    def poll(self) -> WorkerExit | None:
        return self._exit if self.exits.is_set() or self.stopped.is_set() else None

    def stop(self) -> None:
        self.stopped.set()


def scripted(*chunks: bytes | Exception, worker_exit: WorkerExit | None = WorkerExit(0)) -> ScriptedWorker:  # noqa: B008 - frozen
    return ScriptedWorker(Script(chunks, worker_exit))


def beating(connection: int) -> Iterator[bytes]:
    """Beat for ever, as a worker does that hangs in one place."""
    for seq in itertools.count():
        yield lines(BEAT, first=seq)[0]
        time.sleep(0.0005)


def test_a_worker_is_read_to_its_end() -> None:
    seen = Watching(scripted(*lines(*STORY), worker_exit=WorkerExit(3)))
    assert seen.observed == Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(3))
    assert [numbered.event for numbered in seen.events] == list(STORY)


def test_a_worker_that_says_nothing_and_ends_is_read_too() -> None:
    assert Watching(scripted(worker_exit=WorkerExit(1))).observed == Observed(
        stop_reason=StopReason.EXITED, exit=WorkerExit(1)
    )


def test_a_silent_worker_is_stopped_after_the_limit() -> None:
    worker = scripted(*lines(READY), worker_exit=None)
    seen = Watching(worker, hurried(silence_seconds=50))
    assert seen.observed == Observed(stop_reason=StopReason.SILENCE, exit=WorkerExit(143), limit="50 s")
    assert worker.poll() == WorkerExit(143)


def test_a_worker_that_beats_is_not_silent_but_has_a_deadline() -> None:
    worker = Streaming(beating)
    seen = Watching(worker, hurried(trial_seconds=500, silence_seconds=400))
    assert seen.observed == Observed(stop_reason=StopReason.DEADLINE, exit=WorkerExit(0), limit="500 s")
    assert worker.stopped.is_set()
    assert seen.counts.received > 0


def test_noise_is_a_sign_of_life() -> None:
    def noisy(_: int) -> Iterator[bytes]:
        while not worker.stopped.is_set():
            yield b"Epoch 1/5\n"
            time.sleep(0.0005)

    worker = Streaming(noisy)
    assert Watching(worker, hurried(trial_seconds=500, silence_seconds=400)).observed.stop_reason is StopReason.DEADLINE


@pytest.mark.timeout(60)
def test_an_endless_line_cannot_keep_the_watch_from_its_clock() -> None:
    def endless(_: int) -> Iterator[bytes]:
        while not worker.stopped.is_set():
            yield b"x" * 64

    worker = Streaming(endless)
    assert Watching(worker, hurried(silence_seconds=5)).observed.stop_reason is StopReason.SILENCE


@pytest.mark.parametrize("fault", [EngineLostError("reset"), ConnectionResetError(104, "reset"), TimeoutError()])
def test_a_connection_that_breaks_is_made_again(fault: Exception) -> None:
    whole = lines(*STORY)
    seen = Watching(scripted(*whole[:3], fault, *whole[3:]))
    assert seen.observed == Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(0), reconnects=1)
    assert [numbered.event for numbered in seen.events] == list(STORY)


def test_a_stream_that_ends_while_the_worker_runs_is_opened_again() -> None:
    whole = lines(*STORY)

    def twice(connection: int) -> Iterator[bytes]:
        yield from whole[:4] if connection == 0 else whole[2:]
        if connection == 1:
            worker.exits.set()

    worker = Streaming(twice)
    seen = Watching(worker)
    assert seen.observed == Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(0), reconnects=1)
    assert [numbered.event for numbered in seen.events] == list(STORY)
    assert seen.counts == EventCounts(received=7, duplicated=2)


def test_a_stream_that_goes_dark_is_opened_again() -> None:
    whole = lines(*STORY)
    dark = threading.Event()

    def blocked_at_first(connection: int) -> Iterator[bytes]:
        if connection == 0:
            yield from whole[:3]
            dark.wait(60)
        else:
            yield from whole
            worker.exits.set()

    worker = Streaming(blocked_at_first)
    seen = Watching(worker, hurried(reconnect_seconds=30))
    dark.set()
    assert seen.observed.stop_reason is StopReason.EXITED
    assert seen.observed.reconnects >= 1
    assert [numbered.event for numbered in seen.events] == list(STORY)


def test_a_stream_that_stays_dark_is_not_opened_again_at_every_tick() -> None:
    seen = Watching(scripted(*lines(READY), worker_exit=None), hurried(reconnect_seconds=100, silence_seconds=1000))
    assert seen.observed.stop_reason is StopReason.SILENCE
    assert 1 <= seen.observed.reconnects <= 10


class Unanswering(ScriptedWorker):
    """The engine is away for the first `refusals` questions."""

    def __init__(self, refusals: float) -> None:
        super().__init__(Script(lines(*STORY)))
        self._refusals = refusals
        self.stops = 0

    def poll(self) -> WorkerExit | None:
        self._refusals -= 1
        if self._refusals >= 0:
            raise EngineLostError("connection refused")
        return super().poll()

    def stop(self) -> None:
        self.stops += 1


def test_an_engine_that_stays_away_is_lost_and_what_came_before_is_kept() -> None:
    worker = Unanswering(NEVER)
    seen = Watching(worker, hurried(engine_seconds=60))
    assert seen.observed.stop_reason is StopReason.ENGINE_LOST
    assert seen.counts.received == 7
    assert worker.stops == 0  # it may train on: nobody is there to ask


def test_an_engine_that_comes_back_costs_nothing() -> None:
    seen = Watching(Unanswering(4), hurried(engine_seconds=1000))
    assert seen.observed.exit == WorkerExit(0)
    assert seen.counts.received == 7


def test_an_engine_that_answers_now_and_then_is_not_lost() -> None:
    seen = Watching(Streaming(beating), hurried(engine_seconds=50, trial_seconds=500))
    assert seen.observed.stop_reason is StopReason.DEADLINE


def test_what_is_under_way_when_the_worker_ends_is_still_read() -> None:
    def late(_: int) -> Iterator[bytes]:
        first, *rest = lines(*STORY)
        yield first
        worker.exits.set()
        for line in rest:
            time.sleep(0.01)
            yield line

    worker = Streaming(late)
    assert Watching(worker).counts.received == 7


def test_a_stream_that_stays_open_after_the_workers_end_is_left() -> None:
    held = threading.Event()

    def never_closed(_: int) -> Iterator[bytes]:
        yield from lines(*STORY)
        worker.exits.set()
        held.wait(60)

    worker = Streaming(never_closed)
    seen = Watching(worker, hurried(drain_seconds=3))
    held.set()
    assert seen.observed == Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(0))
    assert seen.counts.received == 7


def test_a_flood_is_stopped_and_reading_ends() -> None:
    def flood(_: int) -> Iterator[bytes]:
        while not worker.stopped.is_set():
            yield b"no event\n" * 100

    worker = Streaming(flood)
    seen = Watching(worker, budget_bytes=50_000)
    assert seen.observed == Observed(stop_reason=StopReason.FLOODED, exit=WorkerExit(0))
    assert worker.stopped.is_set()
    assert seen.intake.bytes_read < 51_000


def test_a_line_that_never_ends_is_a_flood_too() -> None:
    def endless(_: int) -> Iterator[bytes]:
        while not worker.stopped.is_set():
            yield b"x" * 16_384

    worker = Streaming(endless)
    seen = Watching(worker, budget_bytes=1_000_000)
    assert seen.observed == Observed(stop_reason=StopReason.FLOODED, exit=WorkerExit(0))
    assert worker.stopped.is_set()


def test_a_users_ctrl_c_goes_through_the_watch() -> None:
    def pressed(_: NumberedEvent) -> None:
        raise KeyboardInterrupt

    worker = scripted(*lines(READY), worker_exit=None)
    watch = Watchdog(worker, Intake(TRIAL), pressed, CALM, clock=TrialClock(Clock()))
    with pytest.raises(KeyboardInterrupt):
        until_end(watch)


class Answering(Streaming):
    """A worker whose stream stays open in silence, and for which the engine answers what `answers` holds, in turn."""

    def __init__(self, *answers: str, worker_exit: WorkerExit) -> None:
        super().__init__(self._silent, worker_exit)
        self._answers = list(answers)

    def _silent(self, _: int) -> Iterator[bytes]:
        yield lines(READY)[0]
        self.stopped.wait(60)

    def poll(self) -> WorkerExit | None:
        answer = self._answers.pop(0) if self._answers and not self.stopped.is_set() else "ended"
        if answer == "away":
            raise EngineLostError("connection refused")
        self.paused = answer == "paused"
        return self._exit if answer == "ended" else None


def test_a_worker_that_ended_while_the_engine_was_away_is_told_so() -> None:
    seen = Watching(
        Answering("running", "away", "away", worker_exit=WorkerExit(137)), hurried(drain_seconds=2, engine_seconds=1000)
    )
    assert seen.observed.engine_was_away
    assert seen.said[0].startswith("engine unreachable since ")
    assert seen.said[-1].startswith("the engine answers again after ")
    assert len(seen.observed.outages) == 1


def test_an_engine_that_was_away_before_has_nothing_to_do_with_the_end() -> None:
    seen = Watching(
        Answering("away", "running", worker_exit=WorkerExit(137)), hurried(drain_seconds=2, engine_seconds=1000)
    )
    assert not seen.observed.engine_was_away
    assert seen.observed.reconnects == 1  # the stream was surely gone


def test_silence_while_the_engine_is_away_is_not_the_workers() -> None:
    worker = Answering(*["away"] * 8, "running", worker_exit=WorkerExit(0))
    seen = Watching(worker, hurried(silence_seconds=25, drain_seconds=2, engine_seconds=10_000))
    assert seen.observed.stop_reason is StopReason.EXITED


def test_a_paused_worker_is_neither_silent_nor_late() -> None:
    worker = Answering("running", *["paused"] * 60, "running", worker_exit=WorkerExit(0))
    limits = hurried(silence_seconds=60, trial_seconds=150, paused_seconds=10_000, drain_seconds=2)
    seen = Watching(worker, limits)
    assert seen.observed.stop_reason is StopReason.EXITED
    assert seen.observed.paused_seconds > 150
    assert seen.said[0].startswith("stalled (paused)")
    assert seen.said[-1].startswith("the container goes on")


def test_a_pause_without_end_is_ended() -> None:
    worker = Answering(*["paused"] * 1000, worker_exit=WorkerExit(137))
    seen = Watching(worker, hurried(silence_seconds=60, paused_seconds=100))
    assert (seen.observed.stop_reason, seen.observed.limit) == (StopReason.PAUSED, "100 s")
    assert worker.stopped.is_set()
    assert seen.observed.paused_seconds > 100


def test_without_a_live_feed_the_end_is_awaited_and_silence_not_judged() -> None:
    polls = itertools.count()

    class Unlogged(ScriptedWorker):
        def chunks(self) -> Iterator[bytes]:
            raise NoFeedError("the log driver keeps nothing")

        def poll(self) -> WorkerExit | None:
            return WorkerExit(0) if next(polls) == 100 else None

    seen = Watching(Unlogged(Script()), hurried(silence_seconds=20, reconnect_seconds=10))
    assert seen.observed == Observed(
        stop_reason=StopReason.EXITED, exit=WorkerExit(0), no_feed="the log driver keeps nothing"
    )


def test_a_line_that_a_connection_broke_off_in_is_not_refused_but_read_again() -> None:
    whole = lines(*STORY)

    def torn(connection: int) -> Iterator[bytes]:
        if connection == 0:
            yield from whole[:2]
            yield whole[2][:20]
        else:
            yield from whole[2:]
            worker.exits.set()

    worker = Streaming(torn)
    assert Watching(worker).counts == EventCounts(received=7)


def test_the_last_words_without_a_newline_are_read_all_the_same() -> None:
    *first, last = lines(*STORY)
    assert Watching(scripted(*first, last.rstrip(b"\n"))).counts == EventCounts(received=7)
