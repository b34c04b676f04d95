"""Whether a contender's ratio to the reference changed from one run to another. Pure.

Two runs are not paired: between them lie hours, and what a machine did at either hour stands in every speed of that
run, so speeds compared as two samples (rank sum) differ "significantly" where nothing does. What the hours do not touch
is a ratio that each run measured within its own blocks, in an order drawn by lot: its interval is exact whatever the
machine did. Two such intervals give one of the change by squares of their arms (MOVER; Zou and Donner 2008,
"Construction of confidence limits about effect measures"): of log ratios L with ends l and u the lower end is
L₂ − L₁ − √((L₂ − l₂)² + (u₁ − L₁)²), the upper end likewise. It is not exact: simulated on every kind of noise of the
calibration, also with a quiet hour in one of the runs, it errs in less than 5 % (`python -m benchmarks.two_runs`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.summary import MetricRatio
from orchestrator.values import Value

Verdict = Literal["grew", "fell", "no-change", "not-decided", "no-claim"]


class RatioChange(Value):
    """A contender's ratio of images/s to the reference, in two runs."""

    contenders: tuple[str, str]  # before and after
    references: tuple[str, str]
    recipes: tuple[str, str]
    estimates: tuple[float | None, float | None]
    change: float | None  # after over before
    interval: tuple[float, float] | None  # of the change
    level: float  # the interval holds the truth at least this often, all of a report's together
    blocks: tuple[int, int]
    margin: float  # as a fraction
    verdict: Verdict
    words: str

    @property
    def agrees(self) -> bool | None:
        """Tell whether both runs may have the same ratio; None where there is no interval to tell by."""
        return None if self.interval is None else self.interval[0] <= 1 <= self.interval[1]


def ratio_change(before: MetricRatio, after: MetricRatio, rules: tuple[ClaimRule, ClaimRule]) -> RatioChange:
    """Judge one ratio in two runs; each rule is that of its run, its comparisons those of the report on both."""
    sides, margin = (before, after), max(rule.margin for rule in rules)
    interval = _interval(sides, rules)
    estimates = (before.verdict.estimate, after.verdict.estimate)
    change = estimates[1] / estimates[0] if estimates[0] and estimates[1] else None
    verdict = _verdict(interval, margin)
    return RatioChange(
        contenders=(before.contender, after.contender),
        references=(before.reference, after.reference),
        recipes=(before.recipe, after.recipe),
        estimates=estimates,
        change=change,
        interval=interval,
        level=min(rule.level for rule in rules),
        blocks=(len(before.ratios), len(after.ratios)),
        margin=margin,
        verdict=verdict,
        words=_words(verdict, change, interval, margin) if interval else f"no claim: {_why_none(sides, rules)}",
    )


def _interval(sides: Sequence[MetricRatio], rules: Sequence[ClaimRule]) -> tuple[float, float] | None:
    """Return the interval of the change, None where one of the runs has none of its own."""
    if any(side.verdict.interval is None for side in sides):
        return None
    found = [_of_one_run(side, rule) for side, rule in zip(sides, rules, strict=True)]
    if None in found:
        return None
    (middle, low, high), (later, later_low, later_high) = filter(None, found)
    down, up = math.hypot(later - later_low, high - middle), math.hypot(later_high - later, middle - low)
    return math.exp(later - middle - down), math.exp(later - middle + up)


def _of_one_run(side: MetricRatio, rule: ClaimRule) -> tuple[float, float, float] | None:
    """Return estimate and interval of one run's log ratio, None of too few blocks."""
    blocks = rule.counted(len(side.ratios))
    rank = rule.rank(blocks) if blocks else 0
    logs = [math.log(ratio) for ratio in side.ratios[:blocks]]
    return (signed_rank.estimate(logs), *signed_rank.interval(logs, rank)) if rank else None


def _verdict(interval: tuple[float, float] | None, margin: float) -> Verdict:
    if interval is None:
        return "no-claim"
    low, high = interval
    if low > 1:
        return "grew"
    if high < 1:
        return "fell"
    return "no-change" if 1 / (1 + margin) < low and high < 1 + margin else "not-decided"


def _words(verdict: Verdict, change: float | None, interval: tuple[float, float], margin: float) -> str:
    bounds = f"[{_signed(interval[0])}, {_signed(interval[1])}]"
    if verdict == "no-change":
        return f"no change of {100 * margin:.4g} % or more {bounds}"
    if verdict == "not-decided":
        return f"not decided: no change is shown, and none of {100 * margin:.4g} % is ruled out {bounds}"
    return f"the ratio {verdict} by {_signed(change or 1).lstrip('+−')} % {bounds}"


def _why_none(sides: Sequence[MetricRatio], rules: Sequence[ClaimRule]) -> str:
    """Say what an interval lacks: blocks, or what a run says of itself."""
    needed = [rule.fewest_blocks for rule in rules]
    few = any(len(side.ratios) < need for side, need in zip(sides, needed, strict=True))
    own = [side.verdict.words for side in sides if side.verdict.interval is None and "block" not in side.verdict.words]
    if own and not few:
        return own[0].removeprefix("no claim: ")
    blocks = " and ".join(str(len(side.ratios)) for side in sides)
    return f"{blocks} blocks; an interval of the change needs {max(needed)} in each run"


def _signed(ratio: float) -> str:
    """Write a ratio as a signed percentage without its sign: 1.041 is "+4.1"."""
    return f"{100 * (ratio - 1):+.1f}".replace("-", "−")
