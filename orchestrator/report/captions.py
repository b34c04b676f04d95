"""Sentences of a report: what its figures show, what was compared, and what a claim would take."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.stacks import StackDifference
from orchestrator.analyse.summary import ClaimForecast, MetricRatio, Summary
from orchestrator.record.record import Status
from orchestrator.spec.stack import AS_RELEASED, LATEST, PINNED, family

LIMITS = (
    "MNIST is a small problem for a small network. It shows what a framework costs per step (its overhead) and how "
    "well its input path feeds it. It cannot show how fast a large model trains: there the arithmetic outweighs both."
)

CAPTIONS = {
    "loss": "Loss by epoch: training solid, validation dashed",
    "accuracy": "Validation accuracy by epoch",
    "throughput": "Training throughput, every run a point, and its ratio to the reference with the interval",
    "phases": "Where the time goes, in seconds",
    "memory": "Peak memory",
    "divergence": "How far trainings of the same start and batches part, step by step",
}
"""Figure → what it shows, in the order of a report; also the alternative text."""

WALK_CAPTIONS = {
    "waterfall": "What each setting carries, from start to end: means over seeds, 95 % intervals",
    "walk": "Loss by epoch at every stop of the walk",
}
"""The same for the figures that only a walk has."""


_PACKAGES = {
    LATEST: "What bakeoff built has, beside its framework, what pip picked on the day of the build (--stack latest).",
    AS_RELEASED: "What bakeoff built has, beside its framework, what was there on the day of its release "
    "(--stack as-released).",
}
"""Stack → what it means for a reader, where bakeoff did not name the packages."""


def claims_of(ratios: tuple[MetricRatio, ...]) -> list[MetricRatio]:
    """Return the rows in which something may be claimed: those of throughput."""
    return [row for row in ratios if row.metric == "throughput"]


def verdicts(summary: Summary) -> list[str]:
    """Return a sentence a comparison, as the analysis words it: what explains a walk, else speed, else nothing."""
    if summary.explanation:
        return [words.printable(summary.explanation.sentence)]
    return [
        f"{words.printable(row.contender)} against {words.printable(row.reference)} on {words.printable(row.recipe)}: "
        f"{words.printable(row.verdict.words)}"
        for row in claims_of(summary.ratios)
    ]


def stacks(summary: Summary) -> list[str]:
    """Say what the other packages are where they are not pinned, and in which parts versions differ; outside text."""
    asked = _PACKAGES.get(family(str(summary.comparison.spec.get("stack", PINNED))))
    return [*([asked] if asked else []), *map(_stack, summary.stacks)]


def _stack(found: StackDifference) -> str:
    versions = f"The {len(found.contenders)} contenders of {found.framework}"
    if not found.differing:
        return f"{versions} have the same stack, in {count(len(found.same), 'part')} of it."
    parts = ", ".join(f"{part.name} {' → '.join(each or 'none' for each in part.versions)}" for part in found.differing)
    same = f"; the same in all: {', '.join(found.same)}" if found.same else ""
    return f"{versions} differ in their stack: {parts}{same}."


def outcome(summary: Summary) -> str:
    """Say how the trials ended, where there is no verdict or not all of them are done."""
    ends = [trial.status for trial in summary.trials]
    done = ends.count(Status.DONE)
    if not ends:
        return "No trial has run."
    answered = bool(summary.ratios or summary.explanation)
    return "" if done == len(ends) and answered else f"{done} of {count(len(ends), 'trial')} done."


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def way_to_a_claim(forecast: ClaimForecast) -> str:
    """Say how many blocks a claim takes, and how long that is here; the command follows."""
    if forecast.decide:
        time = "" if forecast.minutes is None else f", {_duration(forecast.minutes)}"
        return f"Trials of this size are too short for a claim. The short way to one is {forecast.blocks} blocks{time}:"
    return f"A claim takes {forecast.blocks} blocks, {_duration(forecast.minutes)}:"


def _duration(minutes: float | None) -> str:
    if minutes is None:
        return "as many times this run"
    if minutes > 120:
        return f"about {minutes / 60:.0f} hours here"
    return f"about {minutes:.0f} minutes here" if minutes > 1.5 else "about a minute here"
