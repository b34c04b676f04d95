"""Whether two contenders reach the same test accuracy over seeds, within a margin. Pure.

Equivalence is what has to be shown, so the interval must lie within the margin: two one-sided tests at 5 %, which is
a 90 % interval (Schuirmann 1987). An interval that holds 0 shows nothing by itself: it may be wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any, Literal

import numpy as np

from orchestrator.values import Value

ACCURACY_MARGIN = 0.005
"""Half a percentage point, unless --accuracy-margin says otherwise."""

LEVEL = 0.90

FEWEST_SEEDS = 3
"""With two the scatter is known from one difference alone."""

MOST_SEEDS = 1000
"""As many as --seeds takes."""


Verdict = Literal["equivalent", "higher", "lower", "not-decided", "no-claim"]


class AccuracyVerdict(Value):
    """A contender's test accuracy minus the reference's over seeds, as fractions."""

    difference: float | None  # mean over the seeds; None without one
    interval: tuple[float, float] | None  # 90 %, Student's; None with fewer than three seeds
    seeds: int
    margin: float
    verdict: Verdict  # "higher": by more than the margin
    seeds_needed: int | None = None  # where it is not decided, if the accuracies are equal; None: more than can be run
    words: str


def judge_accuracies(differences: Sequence[float], margin: float = ACCURACY_MARGIN) -> AccuracyVerdict:
    """Judge differences of accuracy (fractions), one a seed, contender minus reference; seeds are independent."""
    seeds = len(differences)
    mean = fmean(differences) if seeds else None
    if mean is None or seeds < FEWEST_SEEDS:
        words = f"no claim: {seeds} seed{'s' * (seeds != 1)}; an interval needs {FEWEST_SEEDS}"
        return AccuracyVerdict(
            difference=mean, interval=None, seeds=seeds, margin=margin, verdict="no-claim", words=words
        )
    half = float(_half_width(stdev(differences), seeds))
    interval = (mean - half, mean + half)
    verdict = _verdict(interval, margin)
    needed = seeds_needed(stdev(differences), margin) if verdict == "not-decided" else None
    return AccuracyVerdict(
        difference=mean,
        interval=interval,
        seeds=seeds,
        margin=margin,
        verdict=verdict,
        seeds_needed=needed,
        words=_words(verdict, interval, margin, needed),
    )


def seeds_needed(scatter: float, margin: float) -> int | None:
    """Return how many seeds show equal accuracies to be equivalent in 9 of 10 cases, None beyond MOST_SEEDS.

    `scatter` is the standard deviation of the differences over seeds. The interval is then half as wide as the margins.
    """
    numbers = np.arange(FEWEST_SEEDS, MOST_SEEDS + 1)
    enough = numbers[2 * _half_width(scatter, numbers) <= margin]
    return int(enough[0]) if len(enough) else None


def _half_width(scatter: float, seeds: Any) -> Any:
    """Return the half-width of Student's interval for a mean over so many seeds, a number or an array of numbers."""
    from scipy.stats import t  # a second that --help saves

    return scatter * t.ppf((1 + LEVEL) / 2, seeds - 1) / np.sqrt(seeds)


def _verdict(interval: tuple[float, float], margin: float) -> Verdict:
    low, high = interval
    if -margin < low and high < margin:
        return "equivalent"
    return "higher" if low > margin else "lower" if high < -margin else "not-decided"


def _words(verdict: Verdict, interval: tuple[float, float], margin: float, needed: int | None) -> str:
    low, high = (f"{100 * bound:+.2f}".replace("-", "−") for bound in interval)
    points = f"{100 * margin:g} points"
    match verdict:
        case "equivalent":
            return f"equal within {points} [{low}, {high}]"
        case "higher" | "lower":
            return f"{verdict} by more than {points} [{low}, {high}]"
    seeds = f"about {needed} seeds" if needed else f"more than {MOST_SEEDS} seeds"
    return f"not decided [{low}, {high}]: equality within {points} takes {seeds} here"
