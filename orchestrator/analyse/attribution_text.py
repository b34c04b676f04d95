"""The answer in one sentence: how much of a difference the framework carries, and what carries the most. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.analyse.explanation import Attribution, Contribution
from orchestrator.plan.factors import FRAMEWORK
from orchestrator.plan.walk import Walk


def explain_in_a_sentence(attribution: Attribution, walk: Walk) -> str:
    """Say what explains one outcome, or why nothing does. Names stand as given: escape it like outside text."""
    if attribution.total is None:
        lacks = "; ".join(attribution.missing) or "no trial was run"
        return f"The difference in {attribution.title} is not explained: {lacks}."
    (start, start_recipe), (end, end_recipe) = walk.start, walk.end
    return (
        f"Of the difference of {amount(attribution.total.mean, attribution.unit)} in {attribution.title}"
        f"{_spread(attribution)} from {start_recipe.name} in {start.written} to {end_recipe.name} in {end.written}, "
        f"{_framework(attribution)}{_most(attribution)}.{_no_shares(attribution)}"
    )


def framework_shares(attributions: Sequence[Attribution]) -> str:
    """List the framework's share of every outcome, nothing where it has none: one framework, one seed, or noise."""
    carried = [
        (attribution.title, contribution)
        for attribution in attributions
        for contribution in attribution.contributions
        if contribution.setting == FRAMEWORK
    ]
    if all(contribution.share is None for _, contribution in carried):
        return ""
    form = "{} (95 % interval {} to {})"
    shares = [f"{title} {_share(contribution, form) or 'not told from noise'}" for title, contribution in carried]
    return f"The framework's share: {'; '.join(shares)}."


def amount(value: float, unit: str) -> str:
    """Write a difference with its sign: "+0.383 nats", a share without a unit, a fraction in points: "−1.20 points"."""
    if unit == "fraction":
        return f"{_signed(100 * value, 2)} points"
    written = _signed(value, 3 if abs(value) < 10 else 1)
    return written if unit == "share" else f"{written} {unit}"


def number(value: float, unit: str) -> str:
    """Write a difference with its sign and without its unit."""
    return amount(value, unit).partition(" ")[0]


def _signed(value: float, decimals: int) -> str:
    written = f"{value:+.{decimals}f}".replace("-", "−")
    return written if written.strip("+−0.") else written[1:]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %".replace("-", "−").replace("−0 %", "0 %")


def _framework(attribution: Attribution) -> str:
    contribution = next((one for one in attribution.contributions if one.setting == FRAMEWORK), None)
    return (
        f"the framework carries {_carried(contribution, attribution)}"
        if contribution
        else "none is the framework's, the same at both ends"
    )


def _most(attribution: Attribution) -> str:
    others = [each for each in attribution.contributions if each.setting != FRAMEWORK]
    if not others:
        return ""
    most = max(others, key=lambda each: abs(each.mean))
    return f"; of the other settings {most.title} carries the most, {_carried(most, attribution)}"


def _carried(contribution: Contribution, attribution: Attribution) -> str:
    """Write a contribution as a share where there is one, else with its own interval."""
    written = amount(contribution.mean, attribution.unit)
    if share := _share(contribution, "({}, 95 % interval {} to {})"):
        return f"{written} {share}"
    if contribution.interval is None:
        return written
    low, high = (number(bound, attribution.unit) for bound in contribution.interval)
    return f"{written} (95 % interval {low} to {high})"


def _share(contribution: Contribution, form: str) -> str:
    if contribution.share is None or contribution.share_interval is None:
        return ""
    return form.format(*map(percent, (contribution.share, *contribution.share_interval)))


def _spread(attribution: Attribution) -> str:
    seeds = len(attribution.seeds)
    return " (one seed)" if seeds == 1 else f" ({seeds} seeds)"


def _no_shares(attribution: Attribution) -> str:
    if attribution.total is None or any(each.share is not None for each in attribution.contributions):
        return ""
    why = "one seed has no interval" if len(attribution.seeds) == 1 else "its 95 % interval holds 0"
    return f" No share is given of a difference that may be noise: {why}."
