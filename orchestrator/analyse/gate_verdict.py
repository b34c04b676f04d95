"""What a gate found, as summary.json has it."""

from __future__ import annotations

from typing import Literal

from orchestrator.spec.budget import GateMetric
from orchestrator.values import Value

Verdict = Literal["pass", "fail", "undecided"]


class MetricVerdict(Value):
    """One metric against its margin: by a ratio to the reference, or for accuracy by a difference, as fractions."""

    metric: GateMetric
    margin: str  # as the budget has it: "-3%"
    bound: float  # the same as a ratio (0.97), of accuracy as a difference (−0.005)
    estimate: float | None  # Hodges–Lehmann over the blocks; None without a whole block
    interval: tuple[float, float] | None  # None with fewer blocks than it needs
    level: float  # such intervals hold the truth at least this often; all looks together
    blocks: int  # that count
    verdict: Verdict
    words: str


class GateVerdict(Value):
    """A candidate against a budget."""

    candidate: str
    reference: str
    recipe: str
    verdict: Verdict  # fail where one metric fails, pass where all pass
    strict: bool  # undecided counts as a failure
    metrics: tuple[MetricVerdict, ...]
