"""When a comparison may claim something: after how many blocks, at which rank of its interval. Pure.

Two ways, chosen before a run: a fixed number of blocks, or looks at the numbers in LOOKS and nowhere else. Looking
after every block and stopping at the first interval that excludes 1 claims a difference that is not there in 10 to 20
of 100 comparisons (docs/methodology.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from orchestrator.analyse import signed_rank
from orchestrator.spec.interim_schedule import LOOKS

ERROR = 0.05
"""How often a report's comparisons may claim a difference that is not there, all of them together."""

MARGIN = 0.03
"""Below this a difference of speed or size is of no interest, unless --margin says otherwise."""

BLOCKS_OF_A_CLAIM = 12
"""What a claim is made of by default: the fewest blocks of which one that is ruined cannot take a claim away."""

_LOOK_ERRORS = {1: 0.0156, 2: 0.0077, 3: 0.0055, 4: 0.0041, 5: 0.0033, 6: 0.0026, 7: 0.0024}
"""The error of one look, by the number of comparisons: the six looks together then err at most 0.05 / comparisons.

Looks share their blocks, so what they err together has no formula: these are from simulation (`make calibration`
simulates them again), one level at all looks, with the ranks (1, 9, 23, 42, 74, 117) for one comparison.
"""

_FOUND_IN_9_OF_10 = 1.7
"""From this many half-widths of an interval (of logarithms) on, a difference is found in 9 of 10 comparisons.

It holds within 3 % for 6 to 30 blocks of normal scatter.
"""


@dataclass(frozen=True)
class ClaimRule:
    """How the comparisons of one report are judged."""

    comparisons: int = 1  # in the report: they share the error (Bonferroni)
    margin: float = MARGIN  # a ratio from 1 / (1 + margin) to 1 + margin is no difference of interest
    until_decided: bool = False  # looks, instead of one judgement at the end

    @property
    def level(self) -> float:
        """Return how often an interval holds the truth at least; with looks, those of all looks together."""
        return 1 - ERROR / self.comparisons

    @property
    def fewest_blocks(self) -> int:
        """Return the least number of blocks of which an interval exists."""
        numbers = LOOKS if self.until_decided else range(1, 64)
        return next(blocks for blocks in numbers if self.rank(blocks))

    def runs_of_a_claim(self, seeds: int) -> int:
        """Return how often each seed has to run for as many blocks as a claim is made of."""
        return math.ceil(max(BLOCKS_OF_A_CLAIM, self.fewest_blocks) / seeds)

    def counted(self, blocks: int) -> int:
        """Return how many of the first blocks count: all of them, or those up to the last look, 0 before the first."""
        if not self.until_decided:
            return blocks
        return max((look for look in LOOKS if look <= blocks), default=0)

    def rank(self, blocks: int) -> int:
        """Return the rank of the interval over so many counted blocks, 0 where there is none.

        Raises ValueError for a number at which nobody looks.
        """
        if self.until_decided and blocks not in LOOKS:
            raise ValueError(f"no look after {blocks} blocks: looks are after {', '.join(map(str, LOOKS))}")
        return signed_rank.rank(blocks, self._error)

    def blocks_needed(self, blocks: int, half_width: float) -> int:
        """Forecast, from the half-width (log) over so many blocks, the blocks that show a difference of the margin.

        They are more than those so far, which did not. Four of five forecasts lie between 0.7 and 1.7 times the truth.
        With looks it is the next look from there on, as long as there is one.
        """
        return self._at_a_look(max(blocks + 1, self._forecast(blocks, half_width)))

    def blocks_of_a_run(self, blocks: int, half_width: float) -> int:
        """Forecast the same for a run that is still to begin, from the half-width that another one had."""
        return self._at_a_look(max(self.fewest_blocks, self._forecast(blocks, half_width)))

    def _forecast(self, blocks: int, half_width: float) -> int:
        excess = found_from(half_width) / math.log1p(self.margin)
        return math.ceil(2 + (blocks - 2) * excess**2)

    def _at_a_look(self, needed: int) -> int:
        return next((look for look in LOOKS if look >= needed), needed) if self.until_decided else needed

    @property
    def _error(self) -> float:
        """Return the error of one interval; beyond the simulated numbers of comparisons that of six separate looks."""
        separate = ERROR / self.comparisons
        return _LOOK_ERRORS.get(self.comparisons, separate / len(LOOKS)) if self.until_decided else separate


def found_from(half_width: float) -> float:
    """Return the smallest difference that is found in 9 of 10 comparisons with an interval of this half-width.

    Both are logarithms of ratios.
    """
    return _FOUND_IN_9_OF_10 * half_width
