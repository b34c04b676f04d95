"""The rules of comparison over thousands of simulated sessions at once, for `benchmarks.calibration`.

Ranks, looks and levels are the product's (`orchestrator.analyse`); rank sums are computed here for all sessions
together. Whether an interval excludes a value follows from the rank sum alone: the values less than `rank` below it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from benchmarks.calibration_scenarios import Floats, Lots, Scenario
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.spec.interim_schedule import LOOKS

Marks = NDArray[np.bool_]
Looks = Mapping[int, int]  # rank by number of blocks; 0: no claim possible
MARGIN = math.log1p(0.03)
FIXED = ClaimRule()
BLOCKS = LOOKS[-1]
NOT_DECIDED, SAME, FASTER, SLOWER = range(4)


def block_ratios(scenario: Scenario, lots: Lots, sessions: int, contenders: int = 1) -> Floats:
    """Draw log ratios of contenders that do not differ from the reference: (sessions, blocks, contenders).

    Each block holds all of them and the reference once, in an order drawn by lot.
    """
    members = contenders + 1
    seconds = scenario.log_seconds(lots, sessions, BLOCKS * members).reshape(sessions, BLOCKS, members)
    placed = np.take_along_axis(seconds, lots.random(seconds.shape).argsort(axis=2), axis=2)
    return np.asarray(placed[..., :1] - placed[..., 1:])


def pair_ratios(scenario: Scenario, lots: Lots, sessions: int) -> Floats:
    """Draw log ratios of one contender that does not differ from the reference: (sessions, blocks)."""
    return block_ratios(scenario, lots, sessions)[..., 0]


def rotating_ratios(scenario: Scenario, lots: Lots, sessions: int) -> Floats:
    """Draw the same in an order that is not drawn: another contender starts each block, by turns."""
    seconds = scenario.log_seconds(lots, sessions, BLOCKS * 2).reshape(sessions, BLOCKS, 2)
    return np.asarray((seconds[..., 0] - seconds[..., 1]) * np.where(np.arange(BLOCKS) % 2, -1, 1))


def above(ratios: Floats, rank: int, value: Floats | float = 0.0) -> Marks:
    """Tell of each session whether the interval of this rank lies above the value, one or one a session."""
    blocks = ratios.shape[1]
    centred = ratios - np.reshape(value, (-1, 1))
    order = np.abs(centred).argsort(axis=1)
    negative = np.take_along_axis(centred <= 0, order, axis=1)
    return np.asarray(negative @ np.arange(1, blocks + 1) < rank)


def excludes(ratios: Floats, rank: int, value: float = 0.0) -> Marks:
    return above(ratios, rank, value) | above(-ratios, rank, -value)


def fixed_claims(ratios: Floats, blocks: int = 12, rule: ClaimRule = FIXED) -> Marks:
    """Tell of each session whether a difference is claimed after a fixed number of blocks."""
    return excludes(ratios[:, :blocks], rule.rank(blocks))


@dataclass(frozen=True)
class Outcome:
    """How sessions end that stop at a decision."""

    verdicts: NDArray[np.int_]  # (sessions,)
    blocks: NDArray[np.int_]

    def share(self, *verdicts: int) -> float:
        """Return the share of sessions with these verdicts, in percent."""
        return 100 * float(np.isin(self.verdicts, verdicts).mean())


def looks(comparisons: int = 1) -> Looks:
    """Return the product's looks, with their ranks."""
    rule = ClaimRule(comparisons, until_decided=True)
    return {blocks: rule.rank(blocks) for blocks in LOOKS}


def peeking() -> Looks:
    """Look after every block with the interval of a fixed number of blocks: what nobody should do."""
    return {blocks: FIXED.rank(blocks) for blocks in range(FIXED.fewest_blocks, BLOCKS + 1)}


def until_decided(ratios: Floats, at: Looks) -> Outcome:
    """Look, and stop where the interval excludes 0 or lies within the margin."""
    verdicts = np.full(len(ratios), NOT_DECIDED)
    blocks = np.full(len(ratios), BLOCKS)
    for look, rank in at.items():
        open_ = np.flatnonzero(verdicts == NOT_DECIDED)
        seen = ratios[open_, :look]
        within = above(seen, rank, -MARGIN) & above(-seen, rank, -MARGIN)
        found = np.select([above(seen, rank), above(-seen, rank), within], [FASTER, SLOWER, SAME], NOT_DECIDED)
        verdicts[open_] = found
        blocks[open_[found != NOT_DECIDED]] = look
    return Outcome(verdicts, blocks)


def ever_excludes(ratios: Floats, at: Looks) -> Marks:
    """Tell of each session whether the interval of any look excludes 0, without stopping."""
    return np.asarray(np.any([excludes(ratios[:, :look], rank) for look, rank in at.items()], axis=0))


def separate_claims(scenario: Scenario, lots: Lots, sessions: int) -> Marks:
    """Run all trials of one contender and then all of the other, and claim by Mann–Whitney's exact test."""
    seconds = scenario.log_seconds(lots, sessions, 24)
    return np.asarray(mannwhitneyu(seconds[:, :12], seconds[:, 12:], axis=1, method="exact").pvalue <= 0.05)
