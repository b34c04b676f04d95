"""How far two trainings with the same start and the same batches differ, step by step. Pure.

Two contenders are held beside each other, and each beside itself: the same container twice is the floor
below which a difference means nothing. Float sums round differently in every library, and training amplifies
what it starts from, so the curves part slowly even where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.analyse.summary import Curve, StepDifference
from orchestrator.record.record import Record, Status
from orchestrator.stream import npy
from shared.leftovers import STEP_SERIES
from shared.trial import Precision

Floats = NDArray[np.float64]

TOLERANCES: dict[Precision, float] = {"float32": 1e-5, "float64": 1e-12}
"""Nats of loss. Over the first EARLY_STEPS rounding alone was seen at 1e-6 to 1e-5 in float32, where an image lies at a
kink a little above, and below 1e-15 in float64."""

EARLY_STEPS = 300
CURVE_POINTS = 200


@dataclass(frozen=True, eq=False)
class Steps:
    """What one trial left of every step, in order over all epochs; norms are None where it kept none."""

    trial: str
    contender: str
    recipe: str
    seed: int
    precision: Precision
    losses: Floats  # (steps,), NaN where a loss was not finite
    gradient_norms: Floats | None  # before the step
    weight_norms: Floats | None  # after it


def read_steps(record: Record, archive: bytes | None) -> Steps | None:
    """Read steps.npz of a done trial that can be compared; None where it is absent or none of the contract's."""
    if record.not_stepwise or record.status is not Status.DONE or archive is None:
        return None
    try:
        arrays = npy.read_archive(archive)
    except npy.ArrayError:
        return None
    losses, _, *norms = (arrays.get(name) for name in STEP_SERIES)
    present = [series for series in (losses, *norms) if series is not None]
    if losses is None or any(series.shape != (losses.size,) for series in present) or not losses.size:
        return None
    return Steps(record.id, record.contender, record.recipe, record.seed, record.precision, losses, *norms)


def step_differences(steps: Sequence[Steps], reference: str) -> tuple[StepDifference, ...]:
    """Hold every contender beside the reference and beside itself, recipe by recipe and seed by seed."""
    groups = dict.fromkeys((trial.recipe, trial.seed) for trial in steps)
    return tuple(
        difference
        for group in groups
        for difference in _of_group([trial for trial in steps if (trial.recipe, trial.seed) == group], reference)
    )


def _of_group(group: Sequence[Steps], reference: str) -> Iterator[StepDifference]:
    """Yield the floors, then the differences, each against the floors of its two contenders."""
    by_contender = {each.contender: _best_first(group, each.contender) for each in group}
    floors = {contender: [(trials[0], other) for other in trials[1:]] for contender, trials in by_contender.items()}
    for pairs in floors.values():
        yield from (_step_difference(*pair, kind="floor", floors=()) for pair in pairs)
    first = by_contender.get(reference) or next(iter(by_contender.values()))
    for contender, trials in by_contender.items():
        if contender != first[0].contender:
            both = (*floors[first[0].contender], *floors[contender])
            yield _step_difference(first[0], trials[0], kind="between", floors=both)


def _best_first(group: Iterable[Steps], contender: str) -> list[Steps]:
    """Put trials that kept norms first: they say more."""
    return sorted((each for each in group if each.contender == contender), key=lambda each: each.weight_norms is None)


def _step_difference(
    first: Steps, second: Steps, *, kind: str, floors: Sequence[tuple[Steps, Steps]]
) -> StepDifference:
    loss = _absolute_difference(first.losses, second.losses)
    tolerance = TOLERANCES[first.precision]
    beyond = np.flatnonzero(loss > np.maximum(tolerance, _floor(floors, len(loss))))
    return StepDifference.model_validate(
        {
            "recipe": first.recipe,
            "seed": first.seed,
            "kind": kind,
            "contenders": (first.contender, second.contender),
            "trials": (first.trial, second.trial),
            "precision": first.precision,
            "tolerance": tolerance,
            "steps": len(loss),
            "largest_early": float(loss[:EARLY_STEPS].max(initial=0)),
            "largest": float(loss.max(initial=0)),
            "first_beyond": int(beyond[0]) + 1 if beyond.size else None,
            "curve": _curve(first, second, loss),
        }
    )


def _absolute_difference(first: Floats, second: Floats) -> Floats:
    """Return |first − second| up to the first step that is not finite in either."""
    both = min(len(first), len(second))
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite ends the comparison
        difference = np.abs(first[:both] - second[:both])
    broken = np.flatnonzero(~np.isfinite(difference))
    return difference[: broken[0]] if broken.size else difference


def _floor(floors: Sequence[tuple[Steps, Steps]], steps: int) -> Floats:
    """Return how far a contender has parted from itself by each step, (steps,): the largest so far."""
    floor = np.zeros(steps)
    for first, second in floors:
        difference = _absolute_difference(first.losses, second.losses)[:steps]
        floor[: len(difference)] = np.maximum(floor[: len(difference)], difference)
    return np.maximum.accumulate(floor) if steps else floor


def _curve(first: Steps, second: Steps, loss: Floats) -> Curve:
    """Thin the curves to CURVE_POINTS, each the largest of its bin: a peak is never thinned away."""
    bins = [part for part in np.array_split(np.arange(len(loss)), min(CURVE_POINTS, len(loss)) or 1) if part.size]
    return Curve(
        steps=tuple(int(part[-1]) + 1 for part in bins),
        loss=tuple(float(loss[part].max()) for part in bins),
        gradient_norm=_relative(first.gradient_norms, second.gradient_norms, bins),
        weight_norm=_relative(first.weight_norms, second.weight_norms, bins),
    )


def _relative(first: Floats | None, second: Floats | None, bins: Sequence[NDArray[np.int64]]) -> tuple[float, ...]:
    """Return each bin's largest |first − second| / |first|; nothing where a trial kept no norms."""
    if first is None or second is None:
        return ()
    return tuple(float(_ratio(first[part], second[part]).max()) for part in bins)


def _ratio(first: Floats, second: Floats) -> Floats:
    """Divide the difference by the first; where that is nothing, the difference itself says enough."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.abs(first - second) / np.where(first == 0, 1.0, np.abs(first))
    return np.nan_to_num(ratio, nan=0.0, posinf=0.0)
