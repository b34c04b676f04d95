"""Predicts how long a plan still takes from what this very run has shown. Pure: clocks are the caller's.

A trial costs a fixed part (start, import, build, prediction) and a part in proportion to its
work. Both are averaged over the trials of the same contender and recipe, where there are none over those
of the same contender, else over all. No figure comes from other machines: until an epoch has ended
there is no prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.record.record import Status
from shared.events import EpochEnded
from shared.recipe import Recipe, multiplications_per_image

TRAINING_PASSES = 3
"""A training step multiplies about three times as much as a forward pass: once forward, twice backward."""


@dataclass(frozen=True)
class Seen:
    """What was seen of one trial that has started."""

    elapsed_seconds: float  # since its start, to its end or to now
    since_epoch_seconds: float  # the part of it after the last epoch ended; all of it before the first
    epochs: tuple[EpochEnded, ...] = ()
    status: Status | None = None  # None while it runs


@dataclass(frozen=True)
class _Sample:
    contender: str
    recipe: str
    value: float


def remaining_seconds(plan: Plan, seen: Mapping[str, Seen]) -> float | None:
    """Predict the seconds until the last trial of `plan` ends; None while nothing is known.

    `seen` holds the trials that started or ended, by id. One trains at a time.
    """
    open_trials = [planned for planned in plan.trials if not _has_ended(seen.get(planned.id))]
    if not open_trials:
        return 0.0
    work = {recipe.name: epoch_work(recipe) for recipe in plan.recipes}  # once: this runs with every frame
    rates = _samples(plan, seen, lambda planned, one: _mean_epoch_seconds(one) / _work_of(work, planned))
    fixed = _samples(plan, seen, lambda _, one: _fixed_seconds(one))
    if not rates:
        return None
    return sum(
        _trial_seconds(
            seen.get(planned.id), planned, _nearest(rates, planned) * _work_of(work, planned), _nearest(fixed, planned)
        )
        for planned in open_trials
    )


def epoch_work(recipe: Recipe) -> int:
    """Count the multiplications of one epoch: training and the evaluation after it."""
    images = TRAINING_PASSES * recipe.data.train.images + recipe.data.validation.images
    return images * multiplications_per_image(recipe)


def _has_ended(seen: Seen | None) -> bool:
    return seen is not None and seen.status is not None


def _work_of(work: Mapping[str, int], planned: PlannedTrial) -> int:
    return work[planned.trial.recipe.name]


def _trial_seconds(seen: Seen | None, planned: PlannedTrial, epoch: float, fixed: float) -> float:
    epochs = planned.trial.recipe.training.epochs
    if seen is None:
        return fixed + epochs * epoch
    if not seen.epochs:
        return max(0.0, fixed + epochs * epoch - seen.elapsed_seconds)
    return max(0.0, (epochs - len(seen.epochs)) * epoch - seen.since_epoch_seconds)


def _samples(
    plan: Plan, seen: Mapping[str, Seen], measure: Callable[[PlannedTrial, Seen], float]
) -> tuple[_Sample, ...]:
    return tuple(
        _Sample(planned.contender.written, planned.trial.recipe.name, measure(planned, seen[planned.id]))
        for planned in plan.trials
        if planned.id in seen and seen[planned.id].epochs
    )


def _fixed_seconds(seen: Seen) -> float:
    """Return what the epochs do not account for.

    A trial that runs, hung or broke down counts up to its last epoch: a time limit spent in
    silence says nothing about the trials to come.
    """
    after = 0.0 if seen.status is Status.DONE else seen.since_epoch_seconds
    return max(0.0, seen.elapsed_seconds - after - _epoch_seconds(seen.epochs))


def _epoch_seconds(epochs: Iterable[EpochEnded]) -> float:
    return sum(epoch.seconds + epoch.evaluation_seconds for epoch in epochs)


def _mean_epoch_seconds(seen: Seen) -> float:
    return _epoch_seconds(seen.epochs) / len(seen.epochs)


def _nearest(samples: tuple[_Sample, ...], planned: PlannedTrial) -> float:
    """Average the samples that resemble the trial most."""
    contender, recipe = planned.contender.written, planned.trial.recipe.name
    same = [sample.value for sample in samples if sample.contender == contender]
    closest = [sample.value for sample in samples if (sample.contender, sample.recipe) == (contender, recipe)]
    return fmean(closest or same or [sample.value for sample in samples])
