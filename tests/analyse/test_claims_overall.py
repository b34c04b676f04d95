"""The article's claims over seeds: medians, intervals, and one of three wordings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.intervals import CONFIDENCE, median_interval
from orchestrator.analyse.summary import ClaimOverall, Summary
from tests.support.summaries import TF, summary, trial


def over(*first_losses: float, runs: int = 1) -> Summary:
    """One cell whose seeds start from these training losses and all end at 0.2."""
    seeded = [(seed, loss) for seed, loss in enumerate(first_losses, 1) for _ in range(runs)]
    return summary(*(trial(seed=seed, curves=([loss, 0.2], [0.3, 0.2])) for seed, loss in seeded), runs=runs)


def steepness(found: Summary) -> ClaimOverall:
    return next(each for each in found.claims_overall if each.id == "steepness")


def test_one_seed_is_judged_trial_by_trial_alone() -> None:
    assert over(0.4).claims_overall == ()


def test_five_seeds_carry_no_interval_and_decide_nothing() -> None:
    judged = steepness(over(0.40, 0.41, 0.42, 0.43, 0.44))
    assert judged.interval is None
    assert judged.verdict == "not decided with 5 seeds"


def test_a_claim_holds_where_the_whole_interval_does() -> None:
    assert steepness(over(0.40, 0.41, 0.42, 0.43, 0.44, 0.45)).verdict == "holds"
    assert steepness(over(1.90, 1.91, 1.92, 1.93, 1.94, 1.95)).verdict == "does not hold"


def test_an_interval_across_the_threshold_decides_nothing() -> None:
    judged = steepness(over(0.40, 0.41, 0.42, 1.93, 1.94, 1.95))
    assert judged.verdict == "not decided with 6 seeds"
    assert judged.median is not None


def test_repetitions_of_a_seed_are_no_new_evidence() -> None:
    judged = steepness(over(0.40, 0.41, runs=4))
    assert len(judged.values) == 2
    assert judged.verdict == "not decided with 2 seeds"


def test_every_claim_is_judged_in_every_cell() -> None:
    judged = over(0.40, 0.41).claims_overall
    assert [(each.id, each.contender) for each in judged] == [
        (name, TF) for name in ("steepness", "validation-rises", "smoothness", "generalisation-gap")
    ]


def test_a_claim_without_a_number_has_no_median() -> None:
    rises = next(each for each in over(0.40, 0.41).claims_overall if each.id == "validation-rises")
    assert (rises.values, rises.median, rises.verdict) == ((), None, "not decided with 0 seeds")


@pytest.mark.parametrize(("count", "ranks"), [(5, None), (6, (0, 5)), (8, (0, 7)), (9, (1, 7)), (20, (5, 14))])
def test_the_interval_takes_the_ranks_of_published_tables(count: int, ranks: tuple[int, int] | None) -> None:
    assert median_interval([float(value) for value in range(count)]) == ranks


@pytest.mark.parametrize("count", range(61))
def test_the_interval_is_that_of_the_closed_form_of_the_sign_test(count: int) -> None:
    rank, tail = 0, 0.0  # the largest rank at which both binomial tails together stay within 5 %
    while rank < count // 2 and 2 * (tail := tail + math.comb(count, rank) / 2**count) <= 1 - CONFIDENCE:
        rank += 1
    values = [float(value) for value in range(count)]
    assert median_interval(values) == ((values[rank - 1], values[-rank]) if rank else None)


@given(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=60))
def test_the_interval_holds_the_median_whatever_the_order(values: list[float]) -> None:
    interval = median_interval(values)
    assert interval is not None
    low, high = interval
    assert low <= sorted(values)[len(values) // 2] <= high
    assert median_interval(values[::-1]) == interval
