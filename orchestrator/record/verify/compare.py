"""Compares a claimed number with the host's, and picks the worst of several."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from orchestrator.record.verify.line import Verdict, Verified, What


class Pair(NamedTuple):
    """A claimed number beside the host's; a number that is not finite is None."""

    claimed: float | None
    counted: float | None
    tolerance: float
    epoch: int | None = None
    step: int | None = None

    @property
    def excess(self) -> float:
        """Return the difference in tolerances: infinite where one is a number and the other is not."""
        if self.claimed is None or self.counted is None:
            return 0.0 if self.claimed is self.counted else math.inf
        return abs(self.claimed - self.counted) / self.tolerance


def worst(what: What, pairs: Iterable[Pair]) -> list[Verified]:
    """Return a line for the pair that is furthest apart, and no line where there is no pair."""
    furthest: Any = max(pairs, key=lambda pair: pair.excess, default=None)
    if furthest is None:
        return []
    verdict: Verdict = "agrees" if furthest.excess <= 1 else "differs"
    return [Verified(what=what, verdict=verdict, **furthest._asdict())]


def finite(number: float) -> float | None:
    """Return None for what is no finite number, as an event says it."""
    return float(number) if math.isfinite(number) else None
