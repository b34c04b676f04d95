"""The bisect over thousands of simulated sessions, for `benchmarks.calibration`: ends first, then one sweep of all.

How a version stands is computed for all sessions together; which version is named is asked of the product
(`orchestrator.analyse.bisect_rule`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import calibration_rules as rules
from benchmarks.calibration_scenarios import Floats, Lots, Scenario
from orchestrator.analyse.bisect_answer import Standing, VersionFound
from orchestrator.analyse.bisect_rule import bracket
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.spec.interim_schedule import LOOKS

MARGIN = 0.05
OPEN, GOOD, BAD = range(3)
Standings = NDArray[np.int_]  # of OPEN, GOOD and BAD
_NAMES: tuple[Standing, ...] = ("not-decided", "good", "bad")


@dataclass(frozen=True)
class Bisects:
    """How simulated bisects end, in percent of all."""

    right: float  # the first slow version is named
    wrong: float  # another one is
    held: float  # of those that end with a range: it holds the first slow version; 100 where none does
    trials: float  # mean


def bisects(scenario: Scenario, step: float, lots: Lots, sessions: int, versions: int = 8) -> Bisects:
    """Look for the first slow one of some versions, drawn by lot, slower by `step`."""
    first_slow = lots.integers(1, versions, sessions)
    slower = -math.log1p(step)
    ends, end_blocks = _run(rules.block_ratios(scenario, lots, sessions) + slower)
    effects = np.where(np.arange(1, versions) >= first_slow[:, None], slower, 0.0)
    ratios = rules.block_ratios(scenario, lots, sessions, versions - 1) + effects[:, None, :]
    found, blocks = _run(ratios)
    swept = ends[:, 0] == BAD
    found[swept & (found[:, -1] == OPEN), -1] = BAD  # as the ends showed
    places = [_bracket(row) if ok and row[-1] == BAD else None for row, ok in zip(found, swept, strict=True)]
    truth = list(zip(places, first_slow, strict=True))
    named = [place[1] == first for place, first in truth if place and place[1] - place[0] == 1]
    ranges = [place[0] < first <= place[1] for place, first in truth if place and place[1] - place[0] > 1]
    return Bisects(
        right=100 * int(sum(named)) / sessions,
        wrong=100 * (len(named) - int(sum(named))) / sessions,
        held=100 * float(np.mean(ranges)) if ranges else 100.0,
        trials=float((2 * end_blocks + swept * versions * blocks).mean()),
    )


def _run(ratios: Floats) -> tuple[Standings, Standings]:
    """Return how each contender of a comparison until decided stands at its end, and after how many blocks that is."""
    sessions, _, contenders = ratios.shape
    rule = ClaimRule(contenders, MARGIN, until_decided=True)
    standings, blocks = np.full((sessions, contenders), OPEN), np.full(sessions, LOOKS[-1])
    going = np.ones(sessions, bool)
    for look in LOOKS:
        if not (rank := rule.rank(look)):
            continue
        at = np.flatnonzero(going)
        each = [_judged(ratios[at, :look, contender], rank) for contender in range(contenders)]
        standings[at] = np.stack([stands for stands, _ in each], axis=1)
        ended = np.all([decided for _, decided in each], axis=0)
        blocks[at[ended]], going[at[ended]] = look, False
    return standings, blocks


def _judged(ratios: Floats, rank: int) -> tuple[Standings, rules.Marks]:
    """Return how a contender stands by the interval of this rank, and whether the comparison has decided its speed."""
    margin = math.log1p(MARGIN)
    faster, slower = rules.above(ratios, rank), rules.above(-ratios, rank)
    good = rules.above(ratios, rank, -margin)
    within = good & rules.above(-ratios, rank, -margin)
    return np.select([good, slower], [GOOD, BAD], OPEN), faster | slower | within


def _bracket(standings: Standings) -> tuple[int, int]:
    """Return the places of the last good and the first bad version; the reference has place 0."""
    found = [VersionFound(version="0", standing="reference", words="")]
    found += [VersionFound(version="", standing=_NAMES[stands], words="") for stands in standings]
    place = bracket(found)
    return place.last_good, place.first_bad
