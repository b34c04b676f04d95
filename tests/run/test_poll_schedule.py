"""When the engine is asked about a worker, and when its stream is opened again."""

from __future__ import annotations

from orchestrator.run.poll_schedule import PollSchedule


def schedule(*, ask_at_once: bool = False) -> PollSchedule:
    """Return a schedule that begins at 100 s, asks every 5 s and takes a stream for dark after 25 s."""
    return PollSchedule(100.0, poll_seconds=5.0, reconnect_seconds=25.0, ask_at_once=ask_at_once)


def polled(schedule: PollSchedule, *, connected: bool, until: float) -> list[float]:
    """Return when the engine is asked, by tenths of a second from 100 s on."""
    times = [100 + tenth / 10 for tenth in range(round((until - 100) * 10))]
    return [now for now in times if schedule.take_poll(now, connected=connected)]


def test_while_the_stream_lives_the_engine_is_asked_now_and_then() -> None:
    assert polled(schedule(), connected=True, until=116) == [105, 110, 115]


def test_a_worker_of_an_earlier_host_is_asked_for_at_once() -> None:
    assert polled(schedule(ask_at_once=True), connected=True, until=106) == [100, 105]


def test_when_the_stream_has_ended_the_engine_is_asked_at_once_and_again_after_the_wait() -> None:
    first, second, *_ = polled(schedule(), connected=False, until=110)
    assert (first, second) == (100, 100.5)


def test_waits_grow_while_the_engine_does_not_answer_and_are_short_again_after_it_did() -> None:
    plan = schedule()

    def wait(now: float) -> float:
        plan.note_no_answer(now)
        return next(after / 10 for after in range(1000) if plan.take_poll(now + after / 10, connected=False))

    assert [wait(100.0 * number) for number in range(1, 6)] == [0.5, 1, 2, 4, 8]
    plan.reset_waits()
    assert wait(1000.0) == 0.5


def test_an_ended_stream_is_opened_again_when_its_wait_is_over_and_not_before() -> None:
    plan = schedule()
    assert not plan.reconnect_is_due(100.0, 100.0, stream_ended=True)  # the engine is asked first
    assert plan.take_poll(100.0, connected=False)
    assert not plan.reconnect_is_due(100.0, 100.0, stream_ended=True)
    assert plan.reconnect_is_due(160.0, 100.0, stream_ended=True)
    plan.note_reconnect(160.0)
    assert not plan.reconnect_is_due(160.0, 100.0, stream_ended=True)


def test_a_dark_stream_is_opened_again_and_then_has_its_time() -> None:
    plan = schedule()
    assert not plan.reconnect_is_due(125.0, 100.0, stream_ended=False)
    assert plan.reconnect_is_due(125.1, 100.0, stream_ended=False)
    assert not plan.reconnect_is_due(125.1, 110.0, stream_ended=False)  # it was heard meanwhile
    plan.note_reconnect(125.1)
    assert not plan.reconnect_is_due(150.0, 100.0, stream_ended=False)
    assert plan.reconnect_is_due(150.2, 100.0, stream_ended=False)
