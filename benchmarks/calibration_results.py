"""What the rule does on one kind of machine, in percent of simulated sessions, for `benchmarks.calibration`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks import calibration_rules as rules
from benchmarks.calibration_scenarios import Floats, Lots, Scenario
from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule

EFFECTS = (0.02, 0.05, 0.10)
COVERED_BLOCKS = (6, 8, 10, 12, 16, 20)
GOAL = 90.0
"""A difference of 5 % is to be found this often with 12 blocks."""


@dataclass(frozen=True)
class Result:
    """One kind of machine. "False": a difference is claimed where there is none."""

    name: str
    false: float  # 12 blocks
    found: dict[float, float]  # by effect, 12 blocks, in the right direction
    half_width: float  # median, 12 blocks
    coverage: dict[int, float]  # by number of blocks: how often the interval holds the truth
    until_false: float  # until decided
    until_ever: float  # any look excludes the truth, without stopping
    until_same_at_margin: float  # "no difference of 3 % or more" of a true difference of exactly 3 %
    until_found: float  # 5 %
    until_blocks: float  # mean, at a difference of 5 %
    until_same: float  # "no difference of 3 % or more" where there is none
    until_undecided: float  # likewise


def simulate(scenario: Scenario, lots: Lots, many: int, sessions: int) -> Result:
    """Simulate one kind of machine: false claims in `many` sessions, all else in the first of them."""
    every = rules.pair_ratios(scenario, lots, many)
    ratios, looks = every[:sessions], rules.looks()
    same, margin, five = (rules.until_decided(ratios + effect, looks) for effect in (0, rules.MARGIN, math.log1p(0.05)))
    return Result(
        name=scenario.name,
        false=_percent(rules.fixed_claims(every)),
        found={effect: _percent(rules.above(ratios[:, :12] + math.log1p(effect), _rank(12))) for effect in EFFECTS},
        half_width=_half_width(ratios[:2000, :12]),
        coverage={blocks: 100 - _percent(rules.fixed_claims(ratios, blocks)) for blocks in COVERED_BLOCKS},
        until_false=same.share(rules.FASTER, rules.SLOWER),
        until_ever=_percent(rules.ever_excludes(ratios, looks)),
        until_same_at_margin=margin.share(rules.SAME),
        until_found=five.share(rules.FASTER),
        until_blocks=float(five.blocks.mean()),
        until_same=same.share(rules.SAME),
        until_undecided=same.share(rules.NOT_DECIDED),
    )


def _rank(blocks: int) -> int:
    return ClaimRule().rank(blocks)


def _half_width(ratios: Floats) -> float:
    """Return the median half-width of the product's intervals, in percent."""
    intervals = [signed_rank.interval(session.tolist(), _rank(ratios.shape[1])) for session in ratios]
    return 100 * math.expm1(float(np.median([(high - low) / 2 for low, high in intervals])))


def _percent(marks: rules.Marks) -> float:
    return 100 * float(marks.mean())
