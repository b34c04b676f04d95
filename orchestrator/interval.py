"""An interval for a median that assumes nothing about a distribution's shape. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

CONFIDENCE = 0.95


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % interval for the median of independent values, None with fewer than six.

    The sign test's interval: the k-th smallest to the k-th largest value, k from the binomial distribution
    (Conover, Practical Nonparametric Statistics, "confidence interval for a quantile").
    """
    ordered, rank = sorted(values), _rank(len(values))
    return (ordered[rank - 1], ordered[-rank]) if rank else None


def _rank(count: int) -> int:
    """Return the largest k whose order-statistic interval keeps CONFIDENCE, 0 where none does."""
    tail, rank = 0.0, 0
    while rank < count // 2:
        tail += math.comb(count, rank) / 2**count
        if 2 * tail > 1 - CONFIDENCE:
            break
        rank += 1
    return rank
