"""The exact signed-rank interval, against the definition: all ways in which the coins can fall."""

from __future__ import annotations

from collections import Counter
from itertools import product
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse import signed_rank

# Multiples of a power of two: their sums and halves are exact, so equal is equal.
numbers = st.integers(-(2**20), 2**20).map(lambda number: number / 1024)
several = st.lists(numbers, min_size=6, max_size=30)


def errors_by_counting(count: int) -> list[float]:
    """Return the error of each rank from 1, from all 2ⁿ ways to give the ranks signs."""
    sums = Counter(
        sum(rank for rank, sign in enumerate(signs, 1) if sign) for signs in product((False, True), repeat=count)
    )
    ranks = range(1, count * (count + 1) // 4 + 2)
    below = [sum(ways for total, ways in sums.items() if total < rank) for rank in ranks]
    return [2 * ways / 2**count for ways in below]


@pytest.mark.parametrize("count", range(1, 13))
def test_the_error_of_a_rank_is_counted_over_all_ways_the_coins_can_fall(count: int) -> None:
    counted = errors_by_counting(count)
    assert [signed_rank.error(count, rank) for rank in range(1, len(counted) + 1)] == counted


@pytest.mark.parametrize(
    ("count", "rank"),
    [(5, 0), (6, 1), (7, 3), (8, 4), (9, 6), (10, 9), (11, 11), (12, 14), (14, 22), (16, 30), (20, 53)],
)
def test_the_rank_of_95_percent_is_that_of_published_tables(count: int, rank: int) -> None:
    assert signed_rank.rank(count, 0.05) == rank


@pytest.mark.parametrize("count", [6, 12, 30, 200])
def test_the_rank_is_the_largest_that_keeps_the_error(count: int) -> None:
    rank = signed_rank.rank(count, 0.05)
    assert signed_rank.error(count, rank) <= 0.05 < signed_rank.error(count, rank + 1)


def test_a_thousand_values_have_a_rank() -> None:
    # the normal distribution's: mean − 1.96 standard deviations of the rank sum
    assert signed_rank.rank(1000, 0.05) == pytest.approx(250250 - 1.96 * (1000 * 1001 * 2001 / 24) ** 0.5, rel=1e-3)


@given(several.filter(lambda values: len(set(map(abs, values))) == len(values) and 0 not in values))
def test_the_interval_excludes_0_exactly_when_the_exact_test_rejects(values: list[float]) -> None:
    ranked = sorted(values, key=abs)
    positive = sum(rank for rank, value in enumerate(ranked, 1) if value > 0)
    smaller = min(positive, len(values) * (len(values) + 1) // 2 - positive)
    low, high = signed_rank.interval(values, signed_rank.rank(len(values), 0.05))
    assert (low > 0 or high < 0) == (signed_rank.error(len(values), smaller + 1) <= 0.05)


def test_the_estimate_is_the_median_of_averages_of_two() -> None:
    assert signed_rank.estimate([1.0, 2.0, 9.0]) == median([1, 1.5, 5, 2, 5.5, 9])


def test_the_first_rank_is_the_least_and_the_largest_value() -> None:
    assert signed_rank.interval([3.0, 1.0, 7.0, 2.0, 5.0, 4.0], 1) == (1.0, 7.0)


@given(several, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(values: list[float], lots: object) -> None:
    shuffled = sorted(values, key=lambda _: lots.random())  # type: ignore[attr-defined]
    rank = signed_rank.rank(len(values), 0.05)
    assert signed_rank.interval(shuffled, rank) == signed_rank.interval(values, rank)
    assert signed_rank.estimate(shuffled) == signed_rank.estimate(values)


@given(several)
def test_other_signs_mirror_the_interval(values: list[float]) -> None:
    rank = signed_rank.rank(len(values), 0.05)
    low, high = signed_rank.interval(values, rank)
    assert signed_rank.interval([-value for value in values], rank) == (-high, -low)
    assert signed_rank.estimate([-value for value in values]) == -signed_rank.estimate(values)


@given(several, st.sampled_from([0.25, 2.0, 64.0]), numbers)
def test_scale_and_shift_carry_over(values: list[float], scale: float, shift: float) -> None:
    rank = signed_rank.rank(len(values), 0.05)
    low, high = signed_rank.interval(values, rank)
    moved = [scale * value + shift for value in values]
    assert signed_rank.interval(moved, rank) == (scale * low + shift, scale * high + shift)


@given(several)
def test_the_estimate_lies_in_the_interval(values: list[float]) -> None:
    low, high = signed_rank.interval(values, signed_rank.rank(len(values), 0.05))
    assert low <= signed_rank.estimate(values) <= high
