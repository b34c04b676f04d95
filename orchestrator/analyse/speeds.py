"""Throughput against the reference contender within a recipe: a ratio a trial, and pairs with an interval. Pure.

A recipe of which an audit is red is left out: what does not compute the same is not ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from orchestrator.analyse.intervals import median_interval
from orchestrator.analyse.summary import Audit, Cell, Speed, TrialSummary
from orchestrator.record.record import Status

Interval = tuple[float, float]
Block = tuple[int, int]  # seed, repetition


def with_ratios(trials: Sequence[TrialSummary], reference: str, audits: Sequence[Audit]) -> tuple[TrialSummary, ...]:
    """Return the trials, each with its images/s over the median of the reference's trials in the same recipe.

    A trial has no ratio where either speed is absent, where an audit of its recipe is red, or where it is a parity
    trial, which keeps norms while it trains.
    """
    return tuple(trial.replace(ratio_to_reference=_ratio(trial, trials, reference, audits)) for trial in trials)


def compare_speeds(
    cells: Sequence[Cell], trials: Sequence[TrialSummary], reference: str, audits: Sequence[Audit]
) -> tuple[Speed, ...]:
    """Compare each contender with the reference, pair by pair; contenders without a pair are left out."""
    speeds = []
    for cell in cells:
        if cell.contender != reference and _audits_agree(audits, cell.recipe):
            references = _trials_of(trials, reference, cell.recipe)
            if ratios := _paired_ratios(_trials_of(trials, cell.contender, cell.recipe), references):
                speeds.append(make_speed(cell.contender, cell.recipe, ratios))
    return tuple(speeds)


def make_speed(contender: str, recipe: str, ratios: Sequence[float]) -> Speed:
    """Sum up one ratio a pair of trials; pairs are taken as independent."""
    interval = median_interval(ratios)
    return Speed(
        contender=contender,
        recipe=recipe,
        ratios=tuple(sorted(ratios)),
        median=median(ratios),
        interval=interval,
        verdict=_verdict(interval),
    )


def _verdict(interval: Interval | None) -> str:
    if interval is None:
        return "not ranked: fewer than 6 pairs give no interval"
    low, high = interval
    return "faster" if low > 1 else "slower" if high < 1 else "no difference shown"


def _ratio(
    trial: TrialSummary, trials: Sequence[TrialSummary], reference: str, audits: Sequence[Audit]
) -> float | None:
    if trial.role == "parity" or not _audits_agree(audits, trial.recipe):
        return None
    references = map(_speed, _trials_of(trials, reference, trial.recipe))
    speeds = [speed for speed in references if speed is not None]
    speed = _speed(trial)
    return speed / median(speeds) if speeds and speed is not None else None


def _audits_agree(audits: Sequence[Audit], recipe: str) -> bool:
    """Tell whether every audit of a recipe is green; a recipe without audits counts as green."""
    return all(audit.agrees for audit in audits if audit.recipe == recipe)


def _trials_of(trials: Sequence[TrialSummary], contender: str, recipe: str) -> list[TrialSummary]:
    place = ("measured", contender, recipe)
    return [trial for trial in trials if (trial.role, trial.contender, trial.recipe) == place]


def _speed(trial: TrialSummary) -> float | None:
    if trial.status is not Status.DONE or not trial.images_per_second:
        return None
    return trial.images_per_second


def _paired_ratios(trials: Sequence[TrialSummary], references: Sequence[TrialSummary]) -> list[float]:
    by_block = _by_block(references)
    pairs = [(speed, by_block.get(block)) for block, speed in _by_block(trials).items()]
    return [speed / reference for speed, reference in pairs if speed is not None and reference is not None]


def _by_block(trials: Sequence[TrialSummary]) -> dict[Block, float | None]:
    """Return speeds by seed and repetition: the n-th trial of a seed is its n-th run, since runs go in order."""
    speeds: dict[Block, float | None] = {}
    for trial in trials:
        run = sum(seed == trial.seed for seed, _ in speeds)
        speeds[trial.seed, run] = _speed(trial)
    return speeds
