"""Intervals: for a median, which assume nothing about a shape; for means, which take values as normal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

CONFIDENCE = 0.95

FEWEST_FOR_MEDIAN = 6
"""With five values even smallest to largest holds the median with 1 − 2 / 2⁵ = 0.9375 only."""


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % interval for the median of independent values, None with fewer than six.

    The sign test's interval: the k-th smallest to the k-th largest value, k from the binomial distribution
    (Conover, Practical Nonparametric Statistics, "confidence interval for a quantile").
    """
    if len(values) < FEWEST_FOR_MEDIAN:
        return None
    from scipy.stats import quantile_test  # a second that --help saves

    interval = quantile_test(values, p=0.5).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's 95 % interval for the mean of independent normal values, None with fewer than two."""
    if len(values) < 2:
        return None
    mean, half = fmean(values), _half_width_squared(values, values) ** 0.5
    return mean - half, mean + half


def ratio_interval(parts: Sequence[float], wholes: Sequence[float]) -> tuple[float, float] | None:
    """Return Fieller's 95 % interval for mean(parts) / mean(wholes), values in pairs.

    None where the interval for the mean whole holds 0: then any ratio would do (Fieller 1954, "Some problems in
    interval estimation"). Pairs are taken as independent, each as jointly normal.
    """
    if len(wholes) < 2:
        return None
    part, whole = fmean(parts), fmean(wholes)
    square = whole**2 - _half_width_squared(wholes, wholes)
    if square <= 0:
        return None
    cross = part * whole - _half_width_squared(parts, wholes)
    root = max(0.0, cross**2 - square * (part**2 - _half_width_squared(parts, parts))) ** 0.5
    return (cross - root) / square, (cross + root) / square


def _half_width_squared(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return t² times the covariance of two means; of one mean with itself, the square of its half-width."""
    from scipy.stats import t  # a second that --help saves

    count, mean, other_mean = len(ones), fmean(ones), fmean(others)
    products = sum((one - mean) * (other - other_mean) for one, other in zip(ones, others, strict=True))
    return float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) ** 2 * products / (count - 1) / count
