"""The section of report.md on a walk: what explains the difference, and how far to trust that."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse.attribution_text import framework_shares, number, percent
from orchestrator.analyse.explanation import Attribution, Contribution, Estimate, Explanation
from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.plan.factors import FRAMEWORK
from orchestrator.report.captions import WALK_CAPTIONS


def section(summary: Summary) -> list[str]:
    """Return report.md's blocks: shares, the figure, a table of the first outcome, and what hangs on the order."""
    explanation = summary.explanation
    if explanation is None:
        return []
    first, *others = explanation.attributions
    return [
        "## What explains the difference",
        *filter(None, [words.markdown(framework_shares(explanation.attributions))]),
        f"![{WALK_CAPTIONS['waterfall']}](figures/waterfall.png)",
        *([f"Of the difference in {words.markdown(first.title)}:", _table(first, explanation)] if first.total else []),
        *([words.markdown(f"Left out: {'; '.join(first.missing)}.")] if first.missing and first.total else []),
        *(words.markdown(each.sentence) for each in others if each.total is None),
        _of_orders(explanation),
        *_reused(summary.trials),
    ]


def _table(each: Attribution, explanation: Explanation) -> str:
    heads = [
        "carried by",
        f"change ({unit_of(each)})",
        "95 % interval",
        "of the total",
        "95 % interval",
        "over the orders",
    ]
    rows = [_row(one, each.unit) for one in each.contributions]
    if each.total:
        total = [f"**{change(each.total, each.unit)}**", between(each.total.interval, each.unit)]
        rows.append(["**total**", *total, "", "", ""])
    columns = 6 if explanation.orders > 1 else 5
    rule = ["---", *["---:"] * 5]
    return "\n".join(f"| {' | '.join(row[:columns])} |" for row in [heads, rule, *rows])


def _row(one: Contribution, unit: str) -> list[str]:
    title = words.markdown(one.title)
    shares = [words.ABSENT, words.ABSENT]
    if one.share is not None and one.share_interval:
        low, high = one.share_interval
        shares = [percent(one.share), f"{percent(low)} to {percent(high)}"]
    return [
        f"**{title}**" if one.setting == FRAMEWORK else title,
        change(one, unit),
        between(one.interval, unit),
        *shares,
        between(one.orders_range, unit),
    ]


def cautions(explanation: Explanation) -> list[str]:
    return [
        "What a setting carries is the outcome after taking it minus the outcome before; seed by seed these add up "
        "to the total, to the last digit that floating point keeps.",
        _of_orders(explanation),
        "Intervals are Student's t over the seeds, for shares Fieller's; both take the seeds' values as normal, which "
        "a few seeds cannot show. A share is given only where the total's own interval excludes 0.",
        "Where the images change, the validation images change with them: that step also changes what is measured.",
        "Seconds per epoch are facts of this machine and of what else it did.",
    ]


def _of_orders(explanation: Explanation) -> str:
    """Say how far the numbers hang on the order in which settings were taken."""
    if explanation.orders == 1 and explanation.exhaustive:
        return "There is one setting, so its share hangs on no order."
    if explanation.orders == 1:
        return (
            "One order of the settings was walked. Settings act together, so in another order a setting may carry "
            "another share: `--paths 8` walks more, and shows how much that matters."
        )
    means, count = "an estimate of the Shapley value; all but the first are drawn", f"{explanation.orders} orders"
    if explanation.exhaustive:
        means, count = "the Shapley value", f"all {explanation.orders} orders"
    return (
        f"Settings were taken in {count}, and a number is the mean over them: {means}. Where the range over the "
        "orders is wide, settings act together."
    )


def _reused(trials: Sequence[TrialSummary]) -> list[str]:
    runs = dict.fromkeys(trial.reused_from for trial in trials if trial.reused_from)
    lines = [f"- {words.markdown(run)}: {sum(trial.reused_from == run for trial in trials)} trials" for run in runs]
    text = "Taken over from earlier runs, because document, image, engine and device are the same (`--fresh` runs all):"
    return [text, "\n".join(lines)] if lines else []


def unit_of(each: Attribution) -> str:
    return "points" if each.unit == "fraction" else each.unit


def change(estimate: Estimate, unit: str) -> str:
    return number(estimate.mean, unit)


def between(bounds: tuple[float, float] | None, unit: str) -> str:
    if bounds is None:
        return words.ABSENT
    return " to ".join(number(bound, unit) for bound in bounds)
