"""Cautions about a contender's trials one after another: drift, two modes, stalls, a slow first one. Pure.

They say what kind of machine a run met. They drop no trial and change no claim: the interval holds this noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist, fmean, median

from orchestrator.analyse.finding_rule import CheckInput, Found, finding
from orchestrator.analyse.metrics import counts
from orchestrator.record.record import Record

FEWEST = 8
"""Trials of one contender in one recipe from which on a pattern is told from chance."""

APPARENT = 0.05
"""From this share of speed on a pattern is worth a sentence."""

CHANCE = 0.01
"""How often a trend is told, for a contender, where there is none.

Of 2,000 made-up runs of two contenders, 12 blocks each, with independent normal scatter of 2, 5 and 10 %, 0.35, 2.4 and
3.25 % have one of these findings.
"""


@finding("drift", "warning", "Claims stand, for the order within blocks was drawn by lot; speeds alone do not.")
def drift(run: CheckInput) -> Iterator[Found]:
    for name, records in _series(run):
        logs = [math.log(seconds_an_image(record)) for record in records]
        change = math.expm1(slope(logs) * (len(logs) - 1))
        if abs(change) >= APPARENT and chance_of_trend(logs) < CHANCE:
            how = "slower" if change > 0 else "faster"
            yield Found(
                f"{name} became {how} by about {100 * abs(change):.0f} % from first to last trial.", _ids(records)
            )


@finding("two-modes", "warning", "Something differs from start to start, as where threads are placed.")
def two_modes(run: CheckInput) -> Iterator[Found]:
    for name, records in _series(run):
        ordered = sorted(records, key=seconds_an_image)
        logs = [math.log(seconds_an_image(record)) for record in ordered]
        split = _split(logs)
        if split is not None:
            apart = math.expm1(fmean(logs[split:]) - fmean(logs[:split]))
            share = f"{len(logs) - split} of {len(logs)} are slower by about {100 * apart:.0f} %"
            message = f"Trials of {name} have two speeds: {share}."
            yield Found(message, _ids(ordered[split:]))


@finding("stalls", "note", "The median tells of the typical epoch; a user waits for the others all the same.")
def stalls(run: CheckInput) -> Iterator[Found]:
    for name, records in _series(run):
        excess = median(fmean(_epochs(record)) / median(_epochs(record)) for record in records) - 1
        if excess >= APPARENT:
            yield Found(
                f"Epochs of {name} take {100 * excess:.0f} % longer in the mean than in the median.", _ids(records)
            )


@finding("first-slow", "note", "Caches or the processor were cold. One block of many weighs little.")
def first_slow(run: CheckInput) -> Iterator[Found]:
    """Tell it where every contender's first trial is its slowest: of one contender alone that is chance too often."""
    series = dict(_series(run))
    excess = [
        seconds_an_image(records[0]) / median(map(seconds_an_image, records[1:])) - 1 for records in series.values()
    ]
    firsts = [records[0] for records in series.values() if records[0] is max(records, key=seconds_an_image)]
    if len(series) > 1 and len(firsts) == len(series) and min(excess) >= APPARENT:
        yield Found("The first trial of every contender was its slowest.", _ids(firsts))


SERIES_CHECKS = (drift, two_modes, stalls, first_slow)


def _series(run: CheckInput) -> Iterator[tuple[str, list[Record]]]:
    """Yield the trials that count of each contender and recipe in the order of running, where they are enough."""
    timed = [record for record in run.records if counts(record) and record.epochs and min(_epochs(record)) > 0]
    for contender, recipe in dict.fromkeys((record.contender, record.recipe) for record in timed):
        same = [record for record in timed if (record.contender, record.recipe) == (contender, recipe)]
        if len(same) >= FEWEST:
            yield f"{contender} on {recipe}", sorted(same, key=lambda record: (record.run, record.seed))


def _epochs(record: Record) -> list[float]:
    return [epoch.seconds / epoch.images for epoch in record.epochs]


def seconds_an_image(record: Record) -> float:
    """Return the seconds an image took, in the median epoch."""
    return median(_epochs(record))


def slope(values: Sequence[float]) -> float:
    """Return the median slope between any two values (Theil and Sen), a place."""
    pairs = itertools.combinations(enumerate(values), 2)
    return median((later - earlier) / (there - here) for (here, earlier), (there, later) in pairs)


def chance_of_trend(values: Sequence[float]) -> float:
    """Return how often so many pairs would be in order by chance (Mann and Kendall, two-sided, normal)."""
    score = sum((later > earlier) - (later < earlier) for earlier, later in itertools.combinations(values, 2))
    number = len(values)
    deviation = math.sqrt(number * (number - 1) * (2 * number + 5) / 18)
    return 2 * (1 - NormalDist().cdf(max(0, abs(score) - 1) / deviation))


def _split(ordered: Sequence[float]) -> int | None:
    """Return where ascending logarithms fall into two groups of a quarter or more, None where they do not.

    The gap between them has to be wider than either group, and worth a sentence.
    """
    least = math.ceil(len(ordered) / 4)
    at = max(range(least, len(ordered) - least + 1), key=lambda place: ordered[place] - ordered[place - 1])
    gap = ordered[at] - ordered[at - 1]
    widest = max(ordered[at - 1] - ordered[0], ordered[-1] - ordered[at])
    return at if gap >= math.log1p(APPARENT) and gap > widest else None


def _ids(records: Sequence[Record]) -> tuple[str, ...]:
    return tuple(record.id for record in records)
