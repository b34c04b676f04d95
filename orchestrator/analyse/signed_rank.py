"""The exact signed-rank interval, and the estimate in its middle. Pure.

Under no difference, with an order drawn by lot in every block, the signs of the blocks' log ratios are fair coins,
whatever the machine did. So the distribution of Wilcoxon's rank sum is known exactly, and with it the error of an
interval from the k-th smallest to the k-th largest Walsh average (Hollander & Wolfe, Nonparametric Statistical
Methods, "confidence interval based on the signed rank test").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def estimate(values: Sequence[float]) -> float:
    """Return the Hodges–Lehmann estimate of the middle: the median of all Walsh averages."""
    return float(np.median(_walsh_averages(values)))


def interval(values: Sequence[float], rank: int) -> tuple[float, float]:
    """Return the `rank`-th smallest and largest Walsh average, rank from 1; `error` has the chance that they miss."""
    averages = _walsh_averages(values)
    return float(averages[rank - 1]), float(averages[-rank])


def rank(count: int, error: float) -> int:
    """Return the largest rank whose interval of `count` values errs at most this often, 0 where none does.

    The interval of that rank excludes 0 exactly when Wilcoxon's exact two-sided test has p ≤ `error`.
    """
    return int(np.searchsorted(_errors(count), error, side="right"))


def error(count: int, rank: int) -> float:
    """Return how often the interval of this rank, from 1 to the middle, misses the middle of `count` values."""
    return float(_errors(count)[rank - 1])


def _walsh_averages(values: Sequence[float]) -> Floats:
    """Return the averages of any two values, a value with itself included, ascending: (n (n + 1) / 2,)."""
    numbers = np.asarray(values, dtype=np.float64)
    first, second = np.triu_indices(len(numbers))
    return np.sort((numbers[first] + numbers[second]) / 2)


@cache
def _errors(count: int) -> Floats:
    """Return the two-sided error of each rank, from 1 to the middle: twice the chance of a rank sum below it."""
    chances = np.zeros(count * (count + 1) // 4 + 1)  # of each sum of the ranks whose coin fell on the positive side
    chances[0] = 1
    for each in range(1, count + 1):
        chances[each:] += chances[:-each]
        chances /= 2
    return 2 * np.cumsum(chances)
