"""What a look at a run with --until-decided shows, as summary.json and progress lines have it."""

from __future__ import annotations

from orchestrator.analyse.gate_verdict import GateVerdict
from orchestrator.analyse.ratio_verdict import RatioVerdict
from orchestrator.values import Value


class Interval(Value):
    """Of a ratio, over the first so many whole blocks."""

    blocks: int
    bounds: tuple[float, float]


class LookedAt(Value):
    """One comparison at a look: what can be said of its speed, and how its interval narrowed from look to look."""

    contender: str
    reference: str
    recipe: str
    verdict: RatioVerdict
    intervals: tuple[Interval, ...]  # at each look so far


class Look(Value):
    """A run with --until-decided after so many blocks."""

    blocks: int  # run so far, whole or not
    comparisons: tuple[LookedAt, ...]
    gate: GateVerdict | None = None  # so far, of a run that has a budget
    next_blocks: int | None  # after which the next look is; None: further blocks would be for nothing
