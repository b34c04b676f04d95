"""When a trial of a relay waits, by its events, and how long."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from orchestrator.engines.engine import EngineLostError
from orchestrator.engines.scripted import Script, ScriptedWorker
from orchestrator.run.member import Member
from orchestrator.run.relay import Relay
from shared.events import Event, Heartbeat, TurnEnded
from shared.turns import WAITING
from tests.support.streams import epoch

BEAT = Heartbeat(phase=WAITING)


class Worker(ScriptedWorker):
    """Keeps what it was told; its CPU time is the test's."""

    def __init__(self) -> None:
        super().__init__(Script())
        self.heard: list[dict[str, float | None]] = []
        self.cpu: Iterator[float] = itertools.repeat(1.0)
        self.lost = False

    def tell(self, line: bytes) -> None:
        if self.lost:
            raise EngineLostError("away")
        self.heard.append(json.loads(line))

    def cpu_seconds(self) -> float | None:
        return next(self.cpu)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def turn(number: int) -> TurnEnded:
    return TurnEnded(round=number, epoch=1, step=1, images=1, seconds=0.1, waited_seconds=0.0)


def member(*events: Event, epochs: int = 2, clock: Clock | None = None) -> tuple[Member, Worker]:
    made, worker = Member(epochs, alive=2, clock=clock or Clock()), Worker()
    made.enter(worker)
    for event in events:
        made.note(event)
    return made, worker


def test_it_waits_from_its_first_word_of_waiting_until_it_is_given_a_turn_and_again_from_its_end() -> None:
    trial, worker = member()
    seen = [trial.waiting]
    trial.note(BEAT)
    seen.append(trial.waiting)
    trial.give(1, 0.2)
    seen.append(trial.waiting)
    trial.note(turn(1))
    assert [*seen, trial.waiting] == [False, True, False, True]
    assert worker.heard == [{"round": 1, "seconds": 0.2}]


def test_a_beat_under_way_when_the_turn_was_given_means_nothing_and_a_second_one_that_its_end_was_lost() -> None:
    trial, _ = member(BEAT)
    trial.give(1, 0.2)
    trial.note(BEAT)
    assert not trial.waiting
    trial.note(BEAT)
    assert trial.waiting


def test_the_end_of_an_earlier_turn_does_not_end_this_one() -> None:
    trial, _ = member(BEAT)
    trial.give(7, 0.2)
    trial.note(turn(6))
    assert not trial.waiting


def test_after_its_last_epoch_it_keeps_the_turn_to_its_end() -> None:
    trial, _ = member(BEAT)
    trial.give(1, 0.2)
    trial.note(epoch(2))
    trial.note(turn(1))
    assert not trial.waiting
    trial.leave()
    assert not trial.here


def test_seconds_of_waiting_add_up_and_end_with_its_worker() -> None:
    clock = Clock()
    trial, _ = member(BEAT, clock=clock)
    clock.seconds = 2.0
    trial.give(1, 0.2)
    clock.seconds = 3.0
    trial.note(turn(1))
    clock.seconds = 3.5
    assert trial.waited_seconds() == 2.5
    trial.leave()
    clock.seconds = 9.0
    assert trial.waits().seconds == 2.5


def test_numbers_of_turns_that_an_earlier_host_gave_are_not_given_again() -> None:
    one, first = member(BEAT)
    other, second = member(BEAT)
    one.remember(turn(41))
    relay(one, other).hand_over()
    assert [each["round"] for each in (*first.heard, *second.heard)] == [42]


def relay(*members: Member, clock: Clock | None = None) -> Relay:
    return Relay(members, 0.2, "seed", clock=clock or Clock(), sleep=lambda _: None)


def test_nobody_gets_a_turn_while_another_is_busy() -> None:
    one, first = member(BEAT)
    other, second = member()
    relay(one, other).hand_over()
    assert first.heard == second.heard == []


def test_where_the_engine_does_not_answer_the_turn_is_given_later() -> None:
    one, first = member(BEAT)
    other, second = member(BEAT)
    first.lost = second.lost = True
    race = relay(one, other)
    race.hand_over()
    assert one.waiting
    assert other.waiting
    first.lost = second.lost = False
    race.hand_over()
    assert len(first.heard) + len(second.heard) == 1


def test_the_cpu_time_of_those_that_wait_is_taken_over_one_turn_of_another() -> None:
    clock = Clock()
    one, first = member(BEAT)
    other, second = member(BEAT)
    for worker in (first, second):
        worker.cpu = iter([1.0, 1.3, 1.3, 1.3])
    race = relay(one, other, clock=clock)
    race.hand_over()
    on_turn, waits = (one, other) if first.heard else (other, one)
    clock.seconds = 0.2
    on_turn.note(turn(1))
    race.hand_over()
    sampled = waits.waits()
    assert (sampled.sampled_seconds, sampled.sampled_cpu_seconds) == pytest.approx((0.2, 0.3))
    assert on_turn.waits().sampled_seconds == 0


def test_each_is_looked_at_in_its_first_wait_and_then_once_in_a_while() -> None:
    clock = Clock()
    one, first = member(BEAT)
    other, second = member(BEAT)
    for worker in (first, second):
        worker.cpu = iter([1.0, 1.0])
    race = relay(one, other, clock=clock)
    race.hand_over()
    for round_, on_turn in ((1, one if first.heard else other), (1, other if first.heard else one)):
        clock.seconds += 0.2
        on_turn.note(turn(round_))
        race.hand_over()
    clock.seconds += 0.2
    (one if len(first.heard) > 1 else other).note(turn(2))
    race.hand_over()
    assert [each.waits().sampled_seconds for each in (one, other)] == pytest.approx([0.2, 0.2])
