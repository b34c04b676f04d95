"""An epoch's seconds fit between its events, and the worker's clock fits the host's."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.record.verify.clock import Times, verify_times
from orchestrator.record.verify.line import Verified
from orchestrator.stream.contract import NumberedEvent
from shared.events import Event
from tests.support.streams import TRIAL, epoch, ready, run_ended


def at(seq: int, t: float, event: Event) -> NumberedEvent:
    return NumberedEvent(TRIAL, seq, t, event, b"")


def told(number: int, seconds: float, evaluation: float = 0.1) -> Any:
    return epoch(number, seconds=seconds, evaluation_seconds=evaluation)


def lines(*events: NumberedEvent, **times: Any) -> dict[str, Verified]:
    return {line.what: line for line in verify_times(Times(events=events, **times))}


def two_epochs(first: float, second: float) -> tuple[NumberedEvent, ...]:
    """Two epochs of a second each, by the events' clock; the first one began at 2.0."""
    return at(0, 1.0, ready()), at(1, 3.0, told(1, first)), at(2, 4.0, told(2, second)), at(3, 4.1, run_ended())


def test_seconds_that_fill_the_time_between_events_agree() -> None:
    found = lines(*two_epochs(0.88, 0.9), epoch_starts={1: 2.0})
    assert (found["epoch-seconds"].verdict, found["time-in-no-phase"].verdict) == ("agrees", "agrees")
    assert found["time-in-no-phase"].claimed == pytest.approx(1.98)
    assert found["time-in-no-phase"].counted == pytest.approx(2.0)


def test_more_seconds_than_passed_differ_in_the_epoch_that_is_worst() -> None:
    line = lines(*two_epochs(0.89, 0.95), epoch_starts={1: 2.0})["epoch-seconds"]
    assert (line.verdict, line.epoch) == ("differs", 2)
    assert [line.claimed, line.counted] == pytest.approx([1.05, 1.0])


def test_two_readings_of_one_clock_may_be_a_millisecond_apart() -> None:
    assert lines(*two_epochs(0.901, 0.9), epoch_starts={1: 2.0})["epoch-seconds"].verdict == "agrees"


def test_half_of_the_seconds_leave_half_of_the_time_in_no_phase() -> None:
    found = lines(*two_epochs(0.45, 0.45), epoch_starts={1: 2.0})
    assert (found["epoch-seconds"].verdict, found["time-in-no-phase"].verdict) == ("agrees", "differs")


def test_of_short_epochs_a_busy_machine_may_take_the_larger_part() -> None:
    events = (at(0, 1.0, told(1, 0.02, 0.0)), at(1, 1.2, told(2, 0.05, 0.0)))
    assert lines(*events)["time-in-no-phase"].verdict == "agrees"


def test_an_epoch_is_measured_from_the_end_of_the_one_before_whatever_the_worker_says() -> None:
    found = lines(*two_epochs(0.9, 0.1), epoch_starts={1: 2.0, 2: 3.8})
    assert found["time-in-no-phase"].counted == pytest.approx(2.0)
    assert found["time-in-no-phase"].verdict == "differs"


def test_an_only_epoch_whose_beginning_is_not_told_is_not_checked() -> None:
    found = lines(at(0, 1.0, ready()), at(1, 3.0, told(1, 0.9)))
    assert {found[what].verdict for what in ("epoch-seconds", "time-in-no-phase")} == {"not checked"}
    assert found["epoch-seconds"].reason == "it does not say when its first epoch began"


def arriving(*seconds: float) -> dict[str, Verified]:
    """Events at 1, 3, 4 and 4.1 s of the worker, arriving when the host says."""
    return lines(*two_epochs(0.9, 0.9), arrivals=dict(enumerate(seconds)))


def test_a_clock_that_goes_with_the_hosts_agrees_whatever_its_zero_and_a_second_of_delay() -> None:
    assert arriving(101.0, 103.0, 104.0, 104.1)["clock"].verdict == "agrees"
    assert arriving(101.0, 103.9, 104.0, 104.1)["clock"].verdict == "agrees"


def test_a_clock_that_goes_at_half_the_hosts_speed_differs() -> None:
    line = arriving(101.0, 105.0, 107.0, 107.2)["clock"]
    assert line.verdict == "differs"
    assert [line.claimed, line.counted] == pytest.approx([3.1, 6.2])


def test_events_that_come_in_a_burst_say_nothing_against_a_clock() -> None:
    assert arriving(101.0, 101.1, 101.2, 101.2)["clock"].verdict == "agrees"


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"arrivals": {0: 1.0, 3: 9.0}, "no_arrivals": "it was paused"}, "it was paused"),
        ({"arrivals": {0: 1.0}}, "too few of its events came through the live feed"),
    ],
)
def test_without_arrivals_that_can_be_trusted_the_clock_is_not_checked(times: Any, reason: str) -> None:
    line = lines(*two_epochs(0.9, 0.9), **times)["clock"]
    assert (line.verdict, line.reason) == ("not checked", reason)
