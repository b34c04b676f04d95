"""The numbers of one cell in two runs, side by side. Pure.

Speeds of two runs are not paired, so nothing here is claimed: a change is a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from orchestrator.analyse.metrics import counts
from orchestrator.analyse.quantities import QUANTITIES, Kind, Quantity
from orchestrator.analyse.summary import TrialSummary
from orchestrator.values import Value


class NumberChange(Value):
    """One quantity of a cell before and after: medians over the trials that count, and from least to most."""

    name: str
    unit: str
    kind: Kind
    before: float | None
    after: float | None
    before_range: tuple[float, float] | None
    after_range: tuple[float, float] | None
    change: float | None  # a score's: after − before; else after / before; None where refused, or a number is absent


class LossDifference(Value):
    """How far the losses of trials of one seed part between two runs, and within them, nats."""

    seeds: tuple[int, ...]
    largest: float  # over the epochs' training and validation losses; 0 is equal to the last bit
    largest_within: float | None  # between repetitions in one run; None where nothing was repeated


class CellDifference(Value):
    """A contender and a recipe that both runs have."""

    contenders: tuple[str, str]  # before and after
    recipes: tuple[str, str]
    trials: tuple[int, int]  # that count: done, measured, of this run
    numbers: tuple[NumberChange, ...]
    losses: LossDifference | None  # None of another recipe or size, and where no seed is in both


def cell_difference(
    cells: tuple[tuple[str, str], tuple[str, str]],
    before: Sequence[TrialSummary],
    after: Sequence[TrialSummary],
    allowed: Iterable[Kind],
    *,
    same_training: bool,
) -> CellDifference:
    """Lay a cell, its contender and recipe in either run, side by side; changes only of the kinds `allowed`.

    Losses are held against each other where recipe and size are the `same_training`.
    """
    mine, theirs = (
        [trial for trial in trials if counts(trial) and (trial.contender, trial.recipe) == cell]
        for cell, trials in zip(cells, (before, after), strict=True)
    )
    kinds = set(allowed)
    return CellDifference(
        contenders=(cells[0][0], cells[1][0]),
        recipes=(cells[0][1], cells[1][1]),
        trials=(len(mine), len(theirs)),
        numbers=tuple(_number(quantity, mine, theirs, quantity.kind in kinds) for quantity in QUANTITIES),
        losses=_losses(mine, theirs) if same_training else None,
    )


def _number(
    quantity: Quantity, mine: Sequence[TrialSummary], theirs: Sequence[TrialSummary], allowed: bool
) -> NumberChange:
    before, after = (_known(map(quantity.value, trials)) for trials in (mine, theirs))
    return NumberChange(
        name=quantity.name,
        unit=quantity.unit,
        kind=quantity.kind,
        before=median(before) if before else None,
        after=median(after) if after else None,
        before_range=(min(before), max(before)) if before else None,
        after_range=(min(after), max(after)) if after else None,
        change=_change(quantity.kind, median(before), median(after)) if allowed and before and after else None,
    )


def _change(kind: Kind, before: float, after: float) -> float | None:
    if kind == "score":
        return after - before
    return after / before if before else None


def _losses(mine: Sequence[TrialSummary], theirs: Sequence[TrialSummary]) -> LossDifference | None:
    """Compare the epochs' losses of the first trial of each seed, and those of a seed's repetitions."""
    ours, others = _curves(mine), _curves(theirs)
    shared = sorted(seed for seed in ours.keys() & others.keys() if _alike(ours[seed][0], others[seed][0]))
    if not shared:
        return None
    within = [
        _apart(curves[0], curve)
        for side in (ours, others)
        for curves in side.values()
        for curve in curves[1:]
        if _alike(curves[0], curve)
    ]
    return LossDifference(
        seeds=tuple(shared),
        largest=max(_apart(ours[seed][0], others[seed][0]) for seed in shared),
        largest_within=max(within) if within else None,
    )


def _curves(trials: Sequence[TrialSummary]) -> dict[int, list[list[float]]]:
    """Return each trial's losses in a row, by seed; a trial with a loss that is not finite has none."""
    found: dict[int, list[list[float]]] = {}
    for trial in trials:
        losses = [loss for epoch in trial.epochs for loss in (epoch.train_loss, epoch.val_loss)]
        if losses and None not in losses:
            found.setdefault(trial.seed, []).append(_known(losses))
    return found


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other)


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(mine - theirs) for mine, theirs in zip(one, other, strict=True))


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
