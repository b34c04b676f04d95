"""What the rule of comparison must keep, and whether it does, for `benchmarks.calibration`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.stats import wilcoxon

from benchmarks import calibration_rules as rules
from benchmarks.calibration_bisect import bisects
from benchmarks.calibration_results import COVERED_BLOCKS, GOAL, Result
from benchmarks.calibration_scenarios import SCENARIOS, Lots, scenario
from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule

MANY, SESSIONS = 40_000, 10_000

COVERED = dict(zip(COVERED_BLOCKS, (96.9, 96.1, 95.1, 95.75, 95.6, 95.2), strict=True))  # exact, to 0.1
FOUND = (  # scenario, least share of 5 % found with 12 blocks, expected
    ("steady, sd 2 %", 99.0, 100.0),
    ("steady, sd 3 %", 92.0, 93.4),
    ("linear drift", 99.0, 99.9),
    ("random walk", 99.0, 99.8),
    ("one step", 99.0, 99.5),
    ("autocorrelated", 96.0, 97.2),
    ("outliers: 5 %", 82.0, 83.4),
    ("neighbour", 82.0, 83.8),
    ("two modes", 68.0, 69.4),
    ("steady, sd 4 %", 72.0, 73.2),
)
FOUND_UNTIL = (  # likewise until decided, with the mean number of blocks expected
    ("outliers: 5 %", 97.5, 98.5, 12.8),
    ("neighbour", 98.5, 99.5, 12.7),
    ("two modes", 96.0, 96.9, 15.8),
    ("steady, sd 4 %", 97.0, 98.1, 15.1),
)
LOOKED = {
    2: 2.23,
    3: 1.60,
    4: 1.17,
    5: 0.95,
    6: 0.78,
    7: 0.68,
}  # by number of comparisons, from a million sessions: ±0.03
BISECTS = (  # scenario, step, least right, most wrong, expected right and wrong
    ("steady, sd 2 %", 0.05, 98.0, 1.5, 99.1, 0.1),
    ("steady, sd 3 %", 0.10, 98.0, 1.5, 99.0, 0.2),
    ("steady, sd 3 %", 0.05, 96.0, 6.0, 97.1, 0.3),
    ("outliers: 5 %", 0.05, 71.0, 6.0, 73.0, 0.3),
    ("neighbour", 0.05, 53.5, 6.0, 55.9, 0.2),
)
BISECT_SESSIONS = 6_000


@dataclass(frozen=True)
class Check:
    """One number that the rule must keep; `found` is the worst over the scenarios where it is of several."""

    what: str
    sessions: int  # of one scenario
    found: float
    expected: float
    least: float = -math.inf
    most: float = math.inf
    unit: str = "%"
    enough: int = 0  # sessions from which the bounds hold as they stand

    @property
    def bounds(self) -> tuple[float, float]:
        """Return what is asked of `found`; of few sessions only to be within four standard deviations of the expected.

        Three would do for one number; the worst of nineteen scenarios lies farther out.
        """
        if self.sessions >= self.enough:
            return self.least, self.most
        slack = 4 * math.sqrt(max(1.0, self.expected) * max(1.0, 100 - self.expected) / self.sessions)
        return min(self.least, self.expected - slack), max(self.most, self.expected + slack)

    @property
    def holds(self) -> bool:
        least, most = self.bounds
        return least <= self.found <= most


def all_checks(results: Sequence[Result], lots: Lots, most_sessions: int = MANY) -> Iterator[Check]:
    """Make every check, with no more sessions than these in any."""
    by_name = {result.name: result for result in results}
    few = min(SESSIONS, most_sessions)
    yield from _false(results, min(MANY, most_sessions), few)
    yield _agreement(lots, min(3_000, most_sessions))
    yield from _until(results, few)
    for name, least, expected in FOUND:
        share = by_name[scenario(name).name].found[0.05]
        below = "" if expected >= 90 else ", below the goal of 90 %"
        yield Check(f"5 % found, 12 blocks{below}: {name}", few, share, expected, least=least, enough=SESSIONS)
    for name, least, expected, blocks in FOUND_UNTIL:
        result = by_name[scenario(name).name]
        what = f"until decided, 5 % found: {name}"
        yield Check(what, few, result.until_found, expected, least=least, enough=SESSIONS)
        yield Check(f"{what}: mean blocks", few, result.until_blocks, blocks, most=16.0, unit="blocks")
    yield from _orders(lots, min(2_000, most_sessions))
    yield from _families(lots, min(4_000, most_sessions), min(MANY, most_sessions))
    yield from _bisects(lots, min(BISECT_SESSIONS, most_sessions))


def _false(results: Sequence[Result], many: int, few: int) -> Iterator[Check]:
    false = [result.false for result in results]
    yield Check("false claims, 12 blocks, worst scenario", many, max(false), 4.25, most=5.0, enough=MANY)
    what = "false claims, 12 blocks, mean of the scenarios"
    yield Check(what, many * len(false), fmean(false), 4.25, 4.1, 4.4, enough=MANY * len(false))
    for blocks, expected in COVERED.items():
        shares = [result.coverage[blocks] for result in results]
        low, high = min(shares), max(shares)
        worst = low if expected - low > high - expected else high
        what = f"coverage, {blocks} blocks, the scenario farthest off"
        yield Check(what, few, worst, expected, 94.5, 97.5, enough=SESSIONS)


def _until(results: Sequence[Result], few: int) -> Iterator[Check]:
    worst = max(result.until_false for result in results)
    yield Check("until decided: false claims, worst scenario", few, worst, 4.66, most=5.4, enough=SESSIONS)
    ever = max(result.until_ever for result in results)
    what = "until decided: any look excludes the truth, worst scenario"
    yield Check(what, few, ever, 4.66, most=5.4, enough=SESSIONS)
    same = max(result.until_same_at_margin for result in results)
    what = "until decided: “no difference” said at exactly the margin, worst scenario"
    yield Check(what, few, same, 2.4, most=3.0, enough=SESSIONS)


def _agreement(lots: Lots, cases: int) -> Check:
    """Count random cases in which interval, benchmark and SciPy's exact test do not all say the same."""
    disagreeing = 0
    for _ in range(cases):
        blocks = int(lots.integers(6, 31))
        values = lots.normal(lots.normal(0, 0.6), 1, blocks)
        low, high = signed_rank.interval(values.tolist(), rank := ClaimRule().rank(blocks))
        said = {low > 0 or high < 0, bool(rules.excludes(values[None], rank)[0])}
        said.add(bool(wilcoxon(values, method="exact").pvalue <= 0.05))
        disagreeing += len(said) > 1
    what = "random cases in which SciPy's exact Wilcoxon test and the interval disagree"
    return Check(what, cases, disagreeing, 0, most=0, unit="")


def _orders(lots: Lots, sessions: int) -> Iterator[Check]:
    """Show what goes wrong without the rule: these are errors that it avoids, so they must be large."""
    rotating = rules.fixed_claims(rules.rotating_ratios(scenario("two of four"), lots, sessions))
    what = "without it: an order that rotates, false claims under “two of four trials +4 %”"
    yield Check(what, sessions, _percent(rotating), 51, least=40, enough=2_000)
    separate = rules.separate_claims(scenario("random walk"), lots, sessions)
    what = "without it: all of one, then all of the other, false claims under a random walk"
    yield Check(what, sessions, _percent(separate), 46, least=35, enough=2_000)
    ratios = rules.pair_ratios(scenario("steady, sd 3 %"), lots, sessions)
    peeked = rules.until_decided(ratios, rules.peeking()).share(rules.FASTER, rules.SLOWER)
    what = "without it: a look after every block from the sixth, false claims, steady, sd 3 %"
    yield Check(what, sessions, peeked, 16, least=10, enough=2_000)


def _families(lots: Lots, sessions: int, many: int) -> Iterator[Check]:
    for contenders in (3, 5):
        rank = ClaimRule(contenders).rank(12)
        ratios = rules.block_ratios(SCENARIOS[-1], lots, sessions, contenders)[:, :12]
        claims = [rules.excludes(ratios[..., each], rank) for each in range(contenders)]
        any_claim = _percent(np.any(claims, axis=0))
        yield Check(f"{contenders} comparisons, any false claim", sessions, any_claim, 5.0, most=5.8, enough=4_000)
    for comparisons, expected in LOOKED.items():
        drawn = (rules.pair_ratios(scenario("steady, sd 2 %"), lots, many) for _ in range(10))
        ever = fmean(_percent(rules.ever_excludes(ratios, rules.looks(comparisons))) for ratios in drawn)
        what = f"until decided, {comparisons} comparisons in a report: any look of one excludes the truth"
        yield Check(what, 10 * many, ever, expected, most=5.0 / comparisons, enough=10 * MANY)


def _bisects(lots: Lots, sessions: int) -> Iterator[Check]:
    for name, step, least_right, most_wrong, expected_right, expected_wrong in BISECTS:
        found = bisects(scenario(name), step, lots, sessions)
        what = f"bisect of 8 versions, step of {100 * step:.0f} %, {name}"
        right = f"{what}: right{'' if least_right >= GOAL else ', below the goal of 90 %'}"
        yield Check(right, sessions, found.right, expected_right, least=least_right, enough=BISECT_SESSIONS)
        yield Check(f"{what}: wrong", sessions, found.wrong, expected_wrong, most=most_wrong, enough=BISECT_SESSIONS)


def _percent(marks: rules.Marks) -> float:
    return 100 * float(marks.mean())
