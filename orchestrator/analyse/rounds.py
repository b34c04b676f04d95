"""One ratio of a block whose contenders trained by turns: the median over its rounds. Pure.

A round holds one turn of each contender, fractions of a second apart, so a slow moment of the machine meets both or
moves one round of many. Rounds are never counted as blocks: between blocks lies what differs from process to process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from orchestrator.record.record import Turn

FEWEST_ROUNDS = 5
"""With fewer, a block's ratio is that of its whole trials, and the report says so."""


def ratio_of_rounds(ours: Sequence[Turn], theirs: Sequence[Turn]) -> float | None:
    """Return images/s over the other's, the median over the rounds that both had; None where those are too few."""
    one, other = _speeds(ours), _speeds(theirs)
    logs = [math.log(one[number] / other[number]) for number in one.keys() & other.keys()]
    return math.exp(median(logs)) if len(logs) >= FEWEST_ROUNDS else None


def _speeds(turns: Sequence[Turn]) -> dict[int, float]:
    """Return images/s by round, of turns that others had too and that were longer than their first steps."""
    return {turn.round: turn.images / turn.seconds for turn in turns if turn.round and turn.images}
