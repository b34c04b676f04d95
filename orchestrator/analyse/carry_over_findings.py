"""A caution where a contender is slower or faster after one contender than after the others. Pure.

A contender that leaves the machine slower for whoever follows shifts a ratio by half of that, and no interval holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from orchestrator.analyse.finding_rule import CheckInput, Found, finding
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.series_findings import seconds_an_image
from orchestrator.record.record import Record

FEWEST = 3
"""Trials after the one contender, and as many after others, from which on they are compared."""

CHANCE = 0.04
"""How often a run is told of carry-over where there is none, by all comparisons of its pairs together.

Of 4,000 made-up runs of two contenders, whole trials in an order drawn by lot, told with 12 and with 30 blocks: 2.0 and
3.7 % on a steady machine (scatter 2 %), 0.2 and 0.3 % where it drifts by 10 %, 1.2 and 0.9 % where it walks by 1 % a
trial (`python -m benchmarks.carry_over`).
"""


@finding("carry-over", "warning", "A ratio may be off by half of that, and its interval does not hold it.")
def carry_over(run: CheckInput) -> Iterator[Found]:
    """Compare trials by who ran before; those that took turns all lived at once and followed nobody."""
    ran = sorted((each for each in run.records if each.started_at), key=lambda record: record.started_at or "")
    pairs = [(before, after) for before, after in pairwise(ran) if _whole(after)]
    groups = list(_groups(pairs))
    for before, name, theirs, others in groups:
        if _chance(list(map(seconds_an_image, theirs)), list(map(seconds_an_image, others))) < CHANCE / len(groups):
            change = median(map(seconds_an_image, theirs)) / median(map(seconds_an_image, others)) - 1
            how = "slower" if change > 0 else "faster"
            message = f"{name} is {how} by {100 * abs(change):.1f} % after {before} than after others."
            yield Found(message, tuple(record.id for record in theirs))


CARRY_OVER_CHECKS = (carry_over,)


def _whole(record: Record) -> bool:
    return counts(record) and not record.by_turns and any(epoch.seconds > 0 for epoch in record.epochs)


def _groups(pairs: Sequence[tuple[Record, Record]]) -> Iterator[tuple[str, str, list[Record], list[Record]]]:
    """Yield contenders with one that ran before: the trials after that one, and those after any other."""
    for contender, recipe in dict.fromkeys((after.contender, after.recipe) for _, after in pairs):
        mine = [pair for pair in pairs if (pair[1].contender, pair[1].recipe) == (contender, recipe)]
        for name in dict.fromkeys(before.contender for before, _ in mine if before.contender != contender):
            theirs = [after for before, after in mine if before.contender == name]
            others = [after for before, after in mine if before.contender != name]
            if min(len(theirs), len(others)) >= FEWEST:
                yield name, f"{contender} on {recipe}", theirs, others


def _chance(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often two groups would part so far by chance (Mann and Whitney, two-sided, exact without ties)."""
    from scipy.stats import mannwhitneyu  # a second that --help saves

    return float(mannwhitneyu(first, second).pvalue)
