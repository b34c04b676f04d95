"""The ratio of a block by its rounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.ratios import metric_ratios
from orchestrator.analyse.rounds import FEWEST_ROUNDS, ratio_of_rounds
from orchestrator.record.record import Turn
from tests.analyse.test_ratios import blocks
from tests.support.summaries import TORCH, comparison

SPEEDS = st.lists(st.floats(10.0, 1e6), min_size=FEWEST_ROUNDS, max_size=30)


def turns(*speeds: float, first: int = 1) -> list[Turn]:
    return [Turn(round=at, epoch=1, images=100, seconds=100 / speed) for at, speed in enumerate(speeds, start=first)]


def test_it_is_the_median_of_the_ratios_of_the_rounds_that_both_had() -> None:
    assert ratio_of_rounds(turns(2, 2, 2, 2, 30), turns(1, 1, 1, 1, 1)) == pytest.approx(2.0)


def test_between_two_middle_rounds_it_is_their_geometric_mean() -> None:
    assert ratio_of_rounds(turns(1, 1, 1, 4, 4, 4), turns(*[1] * 6)) == pytest.approx(2.0)


def test_turns_of_other_rounds_of_cold_steps_and_of_one_that_trained_alone_are_left_out() -> None:
    cold = Turn(round=9, epoch=1, images=0, seconds=0.0)
    alone = Turn(round=0, epoch=2, images=1000, seconds=0.001)
    ours = [*turns(*[3.0] * 5), cold, alone]
    theirs = [*turns(*[1.0] * 5), *turns(1.0, first=9), alone]
    assert ratio_of_rounds(ours, theirs) == pytest.approx(3.0)


def test_fewer_than_five_shared_rounds_are_no_ratio() -> None:
    assert ratio_of_rounds(turns(1, 1, 1, 1), turns(1, 1, 1, 1, 1)) is None


@given(SPEEDS, st.floats(0.1, 10.0))
def test_a_slow_moment_that_meets_both_of_a_round_changes_nothing(speeds: list[float], factor: float) -> None:
    assert ratio_of_rounds(turns(*(factor * speed for speed in speeds)), turns(*speeds)) == pytest.approx(factor)


@given(SPEEDS, SPEEDS)
def test_turned_round_it_is_one_over_it(one: list[float], other: list[float]) -> None:
    ratio, inverse = ratio_of_rounds(turns(*one), turns(*other)), ratio_of_rounds(turns(*other), turns(*one))
    assert ratio is not None
    assert inverse == pytest.approx(1 / ratio)


def test_a_report_takes_rounds_where_there_are_enough_and_whole_trials_elsewhere() -> None:
    trials = [each.replace(id=f"{each.id}.r{each.run}") for each in blocks([1.1, 1.1])]
    shared = {trial.id: turns(*[1200.0 if trial.contender == TORCH else 1000.0] * 6) for trial in trials[:2]}
    (row,) = (row for row in metric_ratios(comparison(*trials), trials, [], shared) if row.metric == "throughput")
    assert row.ratios == pytest.approx((1.2, 1.1))
    assert row.blocks_by_turns == 1
