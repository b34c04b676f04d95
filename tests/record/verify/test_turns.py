"""What a worker says of its turns fits its epochs and the host's clock."""

from __future__ import annotations

import pytest

from orchestrator.record.verify.clock import Times, verify_times
from orchestrator.record.verify.line import Verified
from orchestrator.record.verify.turns import verify_turns
from orchestrator.stream.contract import NumberedEvent
from shared.events import TurnEnded
from tests.record.verify.test_clock import at, told


def turn(epoch: int, seconds: float, images: int, waited: float = 0.5) -> TurnEnded:
    return TurnEnded(round=1, epoch=epoch, step=1, images=images, seconds=seconds, waited_seconds=waited)


def one_epoch(images: int = 450, seconds: float = 0.45, waited: float = 0.5) -> tuple[NumberedEvent, ...]:
    """An epoch of 1,000 images in two turns of half a second, with a wait of half a second before each."""
    epoch = told(1, 1.0)
    each = turn(1, seconds, images * epoch.images // 1000, waited)
    return at(0, 2.5, each), at(1, 3.6, epoch), at(2, 3.61, each)


def lines(*events: NumberedEvent, waited: float = 1.0, no_arrivals: str = "") -> dict[str, Verified]:
    times = Times(events=events, epoch_starts={1: 2.0}, waited_seconds=waited, no_arrivals=no_arrivals)
    return {line.what: line for line in (*verify_times(times), *verify_turns(times))}


def test_turns_as_they_should_be_agree() -> None:
    found = lines(*one_epoch())
    assert {what: found[what].verdict for what in ("turns", "waited-seconds", "epoch-seconds")} == {
        "turns": "agrees",
        "waited-seconds": "agrees",
        "epoch-seconds": "agrees",
    }


def test_what_it_waited_within_an_epoch_is_none_of_the_epochs_time_and_the_wait_before_it_lies_before() -> None:
    line = lines(*one_epoch())["epoch-seconds"]
    assert line.counted == pytest.approx(3.6 - 2.0 - 0.5)


def test_the_wait_before_a_later_epoch_lies_between_the_ends_of_two() -> None:
    later = (*one_epoch(), at(3, 5.2, told(2, 1.0)), at(4, 5.21, turn(2, 0.45, 450)))
    assert lines(*later)["epoch-seconds"].counted == pytest.approx(5.2 - 3.6 - 0.5)


def test_turns_that_claim_twice_the_images_differ() -> None:
    assert lines(*one_epoch(images=900))["turns"].verdict == "differs"


def test_turns_that_claim_half_the_seconds_differ() -> None:
    assert lines(*one_epoch(seconds=0.22))["turns"].verdict == "differs"


def test_more_time_waited_than_the_host_counted_differs() -> None:
    assert lines(*one_epoch(waited=5.0))["waited-seconds"].verdict == "differs"


def test_where_events_came_late_the_waits_are_not_checked() -> None:
    assert lines(*one_epoch(), no_arrivals="it was paused")["waited-seconds"].reason == "it was paused"


def test_a_trial_without_turns_has_no_such_line() -> None:
    assert "turns" not in lines(at(0, 3.0, told(1, 0.9)))
