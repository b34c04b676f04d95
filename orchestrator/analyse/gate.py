"""A candidate against a budget: one interval a metric, held against the metric's margin. Pure.

Non-inferiority: a metric passes where its whole interval is on the good side of the margin, and fails where all of it
is beyond. An interval that holds the margin shows nothing, whatever it says of a difference; it never passes. The
interval is that of every comparison (`signed_rank`), its error shared by the budget's metrics (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.analyse import signed_rank
from orchestrator.analyse.accuracy_over_seeds import accuracy_equivalences
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.gate_verdict import GateVerdict, MetricVerdict, Verdict
from orchestrator.analyse.metrics import FEWEST_EPOCHS, FEWEST_SECONDS
from orchestrator.analyse.ratios import compared, short_trials
from orchestrator.analyse.summary import Audit, Comparison, MetricName, MetricRatio, TrialSummary
from orchestrator.errors import UsageError
from orchestrator.spec.budget import Budget, GateMetric, amount
from orchestrator.spec.interim_schedule import next_look

RATIOS: dict[GateMetric, MetricName] = {
    "throughput": "throughput",
    "peak_memory": "peak_memory_bytes",
    "startup_seconds": "start_up_seconds",
    "first_step_seconds": "first_step_seconds",
}


def judge_gate(
    budget: Budget,
    comparison: Comparison,
    trials: Sequence[TrialSummary],
    audits: Sequence[Audit],
    ratios: Sequence[MetricRatio],
) -> GateVerdict:
    """Judge the one contender that a comparison of one recipe holds against its reference."""
    (cell,) = compared(comparison)
    rule = ClaimRule(len(budget.margins), until_decided=comparison.until_decided)
    red = _red(audits)
    short = red or _short(comparison, trials)
    values = {row.metric: row.ratios for row in ratios}
    differences = [row.differences for row in accuracy_equivalences(comparison, trials, audits)]
    metrics = tuple(
        judge_accuracy(differences[0] if differences else (), margin, rule, red)
        if name == "accuracy"
        else judge_ratio(name, values.get(RATIOS[name], ()), margin, rule, short if name == "throughput" else red)
        for name, margin in budget.margins.items()
    )
    return GateVerdict(
        candidate=cell.contender,
        reference=comparison.reference,
        recipe=cell.recipe,
        verdict=overall([metric.verdict for metric in metrics]),
        strict=budget.strict,
        metrics=metrics,
    )


def next_blocks(
    found: GateVerdict,
    budget: Budget,
    comparison: Comparison,
    trials: Sequence[TrialSummary],
    audits: Sequence[Audit],
    blocks: int,
) -> int | None:
    """Return after how many blocks to look again; None where all is decided, or where further blocks cannot help."""
    look = next_look(blocks)
    decided = all(metric.verdict != "undecided" for metric in found.metrics)
    rule = ClaimRule(len(budget.margins), until_decided=True)
    never = blocks >= rule.fewest_blocks and any(metric.blocks == 0 for metric in found.metrics)
    too_many = look is None or look > budget.max_blocks
    useless = _red(audits) or ("throughput" in budget.margins and _short(comparison, trials))
    return None if decided or too_many or useless or never else look


def check_blocks(budget: Budget) -> None:
    """Raise UsageError where a gate ends before the first look at which its metrics can be judged."""
    fewest = ClaimRule(len(budget.margins), until_decided=True).fewest_blocks
    if budget.max_blocks < fewest:
        many = f"a budget of {len(budget.margins)} metrics" if len(budget.margins) > 1 else "a budget"
        fault = f"{budget.max_blocks} blocks are too few for {many}: the first interval is that of {fewest}"
        raise UsageError(fault, f"allow {fewest} blocks, or judge fewer metrics")


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return "fail" where one fails, "pass" where all pass."""
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts and set(verdicts) == {"pass"} else "undecided"


def judge_ratio(
    metric: GateMetric, ratios: Sequence[float], margin: str, rule: ClaimRule, hopeless: str = ""
) -> MetricVerdict:
    """Judge ratios to the reference, one a whole block, each above 0; `hopeless` says why they allow no verdict."""
    logs = [math.log(ratio) for ratio in ratios]
    return _judge(metric, logs, margin, rule, _Scale(math.log1p(amount(margin)), math.exp, 1.0, "%"), hopeless)


def judge_accuracy(differences: Sequence[float], margin: str, rule: ClaimRule, hopeless: str = "") -> MetricVerdict:
    """Judge differences of test accuracy as fractions, candidate minus reference, one a seed."""
    return _judge("accuracy", differences, margin, rule, _Scale(amount(margin), float, 0.0, "points"), hopeless)


@dataclass(frozen=True)
class _Scale:
    """How blocks are counted, and how they are shown."""

    bound: float  # on the scale of the blocks' values
    shown: Callable[[float], float]  # from there to what is shown
    none: float  # what is shown of no difference
    unit: str

    def words(self, value: float) -> str:
        """Write a value as a signed change, "+1.2"; near 0 with more digits."""
        change = 100 * (self.shown(value) - self.none)
        return f"{change:+.{1 if self.unit == '%' and abs(change) >= 1 else 2}f}".replace("-", "−")


def _judge(
    metric: GateMetric, values: Sequence[float], margin: str, rule: ClaimRule, scale: _Scale, hopeless: str
) -> MetricVerdict:
    blocks = rule.counted(len(values))
    enough = blocks >= rule.fewest_blocks and not hopeless
    bounds = signed_rank.interval(values[:blocks], rule.rank(blocks)) if enough else None
    counted = values[:blocks] if bounds else values
    middle = signed_rank.estimate(counted) if counted else None
    verdict = _verdict(bounds, scale.bound, falls=margin.startswith("-"))
    return MetricVerdict(
        metric=metric,
        margin=margin,
        bound=scale.shown(scale.bound),
        estimate=None if middle is None else scale.shown(middle),
        interval=(scale.shown(bounds[0]), scale.shown(bounds[1])) if bounds else None,
        level=rule.level,
        blocks=len(counted),
        verdict=verdict,
        words=_words(middle, bounds, len(counted), margin, scale)
        if bounds
        else hopeless or _too_few(metric, len(counted), rule),
    )


def _verdict(bounds: tuple[float, float] | None, bound: float, *, falls: bool) -> Verdict:
    if bounds is None or bounds[0] <= bound <= bounds[1]:
        return "undecided"
    return "pass" if (bounds[0] > bound) == falls else "fail"


def _words(middle: float | None, bounds: tuple[float, float], blocks: int, margin: str, scale: _Scale) -> str:
    low, high = map(scale.words, bounds)
    where = "holds" if bounds[0] <= scale.bound <= bounds[1] else "is above" if bounds[0] > scale.bound else "is below"
    shown = scale.words(middle if middle is not None else math.nan)
    return f"{shown} {scale.unit} [{low}, {high}] over {blocks} blocks: the interval {where} {margin.replace('-', '−')}"


def _too_few(metric: GateMetric, blocks: int, rule: ClaimRule) -> str:
    unit = "seed" if metric == "accuracy" else "whole block"
    return f"{blocks} {unit}{'s' * (blocks != 1)} of both; an interval needs {rule.fewest_blocks}"


def _red(audits: Sequence[Audit]) -> str:
    """Say why nothing can be judged: what does not compute the same is not compared; "" where it does."""
    return "" if all(audit.agrees for audit in audits) else "the audit is red: it does not compute what the recipe says"


def _short(comparison: Comparison, trials: Sequence[TrialSummary]) -> str:
    """Say why no number of blocks lets speeds be judged; "" where it may."""
    if short_trials(comparison, trials):
        return f"too short to time: a trial needs {FEWEST_EPOCHS} epochs and {FEWEST_SECONDS:.0f} s of training"
    return ""
