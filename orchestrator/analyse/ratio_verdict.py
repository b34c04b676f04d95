"""What a ratio to the reference allows to be said: one interval, one verdict, in fixed words. Pure.

The words are made here once; console, Markdown and figures show them as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule, found_from
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.values import Value

Verdict = Literal["higher", "lower", "no-difference", "not-decided", "cannot-be-decided", "no-claim"]
Terms = tuple[str, str]

SPEED: Terms = ("faster", "slower")
DURATION: Terms = ("longer", "shorter")
SIZE: Terms = ("larger", "smaller")
"""The words for a ratio above 1, and below."""

HOLDS_ELSEWHERE = 0.01
"""Two builds of the same sources may differ by this much: a smaller difference is one between these two images."""


class RatioVerdict(Value):
    """One contender's quantity over the reference's: estimate, interval, and what they show."""

    estimate: float | None  # Hodges–Lehmann of the blocks' log ratios, as a ratio; None without a whole block
    interval: tuple[float, float] | None  # of the ratio; None with fewer blocks than it needs
    level: float  # such intervals hold the truth at least this often; all looks of a comparison together
    blocks: int  # that count
    margin: float  # as a fraction: 0.03
    verdict: Verdict  # "higher": the ratio is above 1
    more_blocks: int | None = None  # forecast, where it is not decided
    words: str

    @property
    def decided(self) -> bool:
        """Tell whether further blocks would be for nothing."""
        return self.verdict in ("higher", "lower", "no-difference")


@dataclass(frozen=True)
class _Interval:
    """Of log ratios."""

    middle: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def within(self, margin: float) -> bool:
        """Tell whether all of it lies between 1 / (1 + margin) and 1 + margin."""
        return -math.log1p(margin) < self.low and self.high < math.log1p(margin)

    @property
    def mirrored(self) -> _Interval:
        """Return it as shares lost, where it lies below 0: the logarithms whose `expm1` is 1 − ratio."""
        lost = (math.log1p(-math.expm1(bound)) for bound in (self.middle, self.high, self.low))
        return _Interval(*lost)


def judge(
    ratios: Sequence[float], rule: ClaimRule, *, terms: Terms = SPEED, block_seconds: float | None = None
) -> RatioVerdict:
    """Judge the ratios of whole blocks, one a block, in the order of running, each above 0.

    `block_seconds` is what a block takes here, for a forecast in minutes too.
    """
    blocks = rule.counted(len(ratios))
    if blocks < rule.fewest_blocks:
        needs = f"an exact {_percent(rule.level)} interval needs {rule.fewest_blocks}"
        return no_claim(ratios, rule, f"{_count(len(ratios), 'block')}; {needs}")
    logs = [math.log(ratio) for ratio in ratios[:blocks]]
    found = _Interval(signed_rank.estimate(logs), *signed_rank.interval(logs, rule.rank(blocks)))
    verdict = _verdict(found, blocks, rule)
    more = rule.blocks_needed(blocks, found.half_width) - len(ratios) if verdict == "not-decided" else None
    return RatioVerdict(
        estimate=math.exp(found.middle),
        interval=(math.exp(found.low), math.exp(found.high)),
        level=rule.level,
        blocks=blocks,
        margin=rule.margin,
        verdict=verdict,
        more_blocks=more,
        words=_undecided(found, rule, more, block_seconds) if more else _words(found, verdict, rule, terms),
    )


def no_claim(ratios: Sequence[float], rule: ClaimRule, reason: str) -> RatioVerdict:
    """Return the estimate alone: nothing is claimed, for this reason."""
    logs = [math.log(ratio) for ratio in ratios]
    return RatioVerdict(
        estimate=math.exp(signed_rank.estimate(logs)) if logs else None,
        interval=None,
        level=rule.level,
        blocks=len(ratios),
        margin=rule.margin,
        verdict="no-claim",
        words=f"no claim: {reason}",
    )


def estimate_only(ratios: Sequence[float], rule: ClaimRule) -> RatioVerdict:
    """Return estimate and interval, where a difference is shown and not claimed."""
    words = "no claim: an estimate; only differences of throughput are claimed"
    return judge(ratios, rule).replace(verdict="no-claim", more_blocks=None, words=words)


def _verdict(found: _Interval, blocks: int, rule: ClaimRule) -> Verdict:
    if found.low > 0:
        return "higher"
    if found.high < 0:
        return "lower"
    if found.within(rule.margin):
        return "no-difference"
    return "cannot-be-decided" if rule.until_decided and blocks == LOOKS[-1] else "not-decided"


def _words(found: _Interval, verdict: Verdict, rule: ClaimRule, terms: Terms) -> str:
    match verdict:
        case "higher":
            return f"{terms[0]} by {_difference(found)}{_reservation(found, rule)}"
        case "lower":
            return f"{terms[1]} by {_difference(found.mirrored)}{_reservation(found, rule)}"
        case "no-difference":
            return f"no difference of {_percent(rule.margin)} or more {_bounds(found)}"
    return _cannot(found, rule)


def _undecided(found: _Interval, rule: ClaimRule, more: int, block_seconds: float | None) -> str:
    forecast = f"about {_count(more, 'more block')}{_time(more, block_seconds)}"
    return f"not decided {_bounds(found)}: {forecast} would show a difference of {_percent(rule.margin)}"


def _reservation(found: _Interval, rule: ClaimRule) -> str:
    """Say of a difference that it is small, against the margin and against what differs between builds."""
    small = []
    if found.within(rule.margin):
        small.append(f"less than the margin of {_percent(rule.margin)}")
    if abs(math.expm1(found.middle)) < HOLDS_ELSEWHERE:
        small.append("too small to hold for another machine or build")
    return f", {' and '.join(small)}" if small else ""


def _cannot(found: _Interval, rule: ClaimRule) -> str:
    """Say after the last look what scatters too much, and what can be done."""
    blocks = LOOKS[-1]
    quantile = NormalDist().inv_cdf(1 - signed_rank.error(blocks, rule.rank(blocks)) / 2)
    scatter = found.half_width / quantile * math.sqrt(blocks / 2)  # of one trial: a ratio has the scatter of two
    smallest = math.expm1(found_from(found.half_width))
    return (
        f"cannot be decided here: trials of the same contender scatter by {100 * scatter:.0f} %; {blocks} blocks find "
        f"differences from {100 * smallest:.1f} % on. Quieter machine, longer epochs, or a wider --margin"
    )


def _time(blocks: int, block_seconds: float | None) -> str:
    """Write a forecast of time between commas, coarse as it is."""
    if block_seconds is None:
        return ""
    minutes = math.ceil(blocks * block_seconds / 60)
    if minutes > 120:
        return f", some {math.ceil(minutes / 60)} hours,"
    return f", some {minutes} minutes," if minutes > 1 else ", a minute,"


def _difference(found: _Interval) -> str:
    """Write a difference in percent with its interval, "4.1 % [2.2, 6.0]"; an end near 0 never as 0.0."""
    middle, low, high = (100 * math.expm1(bound) for bound in (found.middle, found.low, found.high))
    decimals = 0 if middle >= 100 else 1 if low >= 0.1 else 2
    return f"{middle:.{decimals}f} % [{low:.{decimals}f}, {high:.{decimals}f}]"


def _bounds(found: _Interval) -> str:
    """Write an interval as signed percentages: "[−1.1, +1.9]"."""
    low, high = (f"{100 * math.expm1(bound):+.1f}".replace("-", "−") for bound in (found.low, found.high))
    return f"[{low}, {high}]"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.4g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
