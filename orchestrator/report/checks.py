"""What was checked, in a sentence each, for the surfaces that are short: the console and report.md.

Sentences hold words from outside as `text.printable` leaves them; a surface escapes them its own way.
"""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import Summary
from orchestrator.record.record import Status
from orchestrator.report import sentinel


def audit(summary: Summary) -> str:
    """Say what the audits found; what they found wrong is an error and stands elsewhere. "" where none is green."""
    green = [each for each in summary.audits if each.agrees]
    if not green:
        return ""
    worst = max(each.worst_norm_relative_error or 0 for each in green)
    line = f"audit: {len(green)} of {len(summary.audits)} trials compute what their recipe says"
    return f"{line}, to {worst:.0e} of every tensor's norm."


def parity(summary: Summary) -> list[str]:
    """Say recipe by recipe how far contenders part from each other and from themselves, and how accuracies differ."""
    pairs, lines = summary.step_differences, []
    for recipe in dict.fromkeys(each.recipe for each in pairs if each.kind == "between"):
        between, floor = (
            max((each.largest_early for each in pairs if (each.recipe, each.kind) == (recipe, kind)), default=None)
            for kind in ("between", "floor")
        )
        line = f"parity on {words.printable(recipe)}, {pairs[0].precision}: contenders differ by at most "
        line += f"{words.scientific(between or 0)} nats in a step's loss over the first {EARLY_STEPS} steps"
        lines.append(line + ("." if floor is None else f"; the same container twice by {words.scientific(floor)}."))
    for each in summary.accuracies:
        where = f"{words.printable(each.recipe)} s{each.seed}, {words.printable(each.contender)}"
        line = f"test accuracy on {where} − {words.printable(each.reference)}: {each.verdict}, "
        line += f"{words.points(each.difference)} points, 95 % interval {words.points(each.low)} to "
        lines.append(f"{line}{words.points(each.high)}.")
    return lines


def not_stepwise(summary: Summary) -> list[str]:
    """Name the matched recipes that are not compared step by step, with the reason."""
    told = (
        f"Not compared step by step: {words.printable(cell.recipe)}, because {words.printable(cell.not_stepwise)}."
        for cell in summary.comparison.cells
        if cell.track == "matched" and cell.not_stepwise
    )
    return list(dict.fromkeys(told))


def equal_starts(summary: Summary) -> str:
    """Say that contenders of the matched track started alike; where they did not, an error says so."""
    done = [trial for trial in summary.trials if trial.track == "matched" and trial.status is Status.DONE]
    differing = {"start-differs", "order-differs"} & {finding.id for finding in summary.findings}
    if differing or not any(trial.initial_weights_sha256 for trial in done):
        return ""
    return "Within each matched recipe and seed all trials had equal hashes of their first weights and of the order."


def claims(summary: Summary) -> str:
    """Count the workers' claims by what became of them."""
    verdicts = [line.verdict for trial in summary.trials for line in trial.verified]
    if not verdicts:
        return ""
    agree, differ, unchecked = (verdicts.count(kind) for kind in ("agrees", "differs", "not checked"))
    return f"Workers' claims by the host's own count: {agree} agree, {differ} differ, {unchecked} could not be checked."


def events(summary: Summary) -> str:
    """Sum up how the metric streams fared."""
    counts = [trial.events for trial in summary.trials]
    if not counts:
        return ""
    names = ("received", "lost", "duplicated", "rejected")
    sums = [f"{sum(getattr(each, name) for each in counts):,} {name}" for name in names]
    reconnects = sum(trial.reconnects for trial in summary.trials)
    return f"Metric events: {', '.join(sums)}, {reconnects:,} reconnects."


def between_blocks(summary: Summary) -> str:
    return sentinel.sentence(summary.sentinel) if summary.sentinel else ""
