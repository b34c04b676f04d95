"""The article's statements as numbers: trial summaries in, claims out. Pure.

A claim describes one run: its number, and how far that is from the threshold. A number of one run
on this side of a threshold or on the other is no verdict: that takes seeds, in `claims_overall`. The thresholds are
ours, because the article gives none; each stands beside its definition and in the report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from orchestrator.analyse.summary import Claim, TrialSummary
from orchestrator.record.record import Epoch, Status

UNTRAINED_LOSS = math.log(10)
"""Nats: the cross-entropy of a uniform guess over ten classes, which an untrained ten-way softmax comes near.

The loss before training is not among the epoch means, so this stands in for it.
"""

STEEP_SHARE = 0.5
SMOOTH_SHARE = 0.05

Losses = Sequence[float]


@dataclass(frozen=True)
class Definition:
    """How one statement becomes a number, and on which side of which threshold it holds."""

    id: str
    name: str
    statement: str  # the article's
    meaning: str  # one sentence: how the number is made and when the claim holds
    unit: str
    needs_epochs: int
    value: Callable[[Losses, Losses], float | None]  # training and validation losses by epoch, all finite
    threshold: float
    side: Literal["above", "up to"] = "above"  # the threshold, where the statement holds
    undefined: str = ""  # why `value` may be None though every loss is finite

    def holds(self, value: float) -> bool:
        """Tell on which side of the threshold a number is: of one run that is no verdict yet."""
        return value > self.threshold if self.side == "above" else value <= self.threshold


def claims(trials: Sequence[TrialSummary]) -> tuple[Claim, ...]:
    """Compute every claim for every trial, in the order of DEFINITIONS.

    A trial that is not done, has too few epochs or a loss that is not finite gives a
    claim without a value, whose words say why.
    """
    return tuple(_claim(definition, trial) for definition in DEFINITIONS for trial in trials)


def _steepness(train: Losses, _: Losses) -> float | None:
    fall = UNTRAINED_LOSS - train[-1]
    return (UNTRAINED_LOSS - train[0]) / fall if fall > 0 else None


def _rise_after_epoch_three(_: Losses, validation: Losses) -> float:
    return validation[-1] - validation[2]


def _upward_share(_: Losses, validation: Losses) -> float | None:
    moves = [after - before for before, after in pairwise(validation)]
    variation = sum(map(abs, moves))
    return sum(move for move in moves if move > 0) / variation if variation > 0 else None


def _gap(train: Losses, validation: Losses) -> float:
    return validation[-1] - train[-1]


DEFINITIONS = (
    Definition(
        "steepness",
        "Steepness",
        "TensorFlow's training loss falls steeply.",
        "(L0 − L1) / (L0 − LE), the share of the total fall reached in epoch 1, where L1 and LE are the mean training "
        "losses of the first and last epoch and L0 = ln 10 is the loss of a uniform guess over ten classes; it holds "
        f"above {STEEP_SHARE}.",
        "share",
        2,
        _steepness,
        STEEP_SHARE,
        undefined="the training loss ended no lower than a uniform guess",
    ),
    Definition(
        "validation-rises",
        "Validation rises",
        "TensorFlow's validation loss rises after the third epoch.",
        "Validation loss after the last epoch minus validation loss after epoch 3; it holds above 0.",
        "nats",
        4,
        _rise_after_epoch_three,
        0.0,
    ),
    Definition(
        "smoothness",
        "Smoothness",
        "PyTorch trains more smoothly.",
        "Roughness: the share of the validation loss's total variation that is upward (0 = it only falls, 1 = it only "
        f"rises); smooth, and so holding, up to {SMOOTH_SHARE}.",
        "share",
        3,
        _upward_share,
        SMOOTH_SHARE,
        "up to",
        "the validation loss did not move",
    ),
    Definition(
        "generalisation-gap",
        "Generalisation gap",
        "The validation loss ends above the training loss.",
        "Validation loss minus training loss of the last epoch; it holds above 0. The training loss is a mean over the "
        "epoch while the weights moved, so a loss that still falls makes the gap look smaller.",
        "nats",
        1,
        _gap,
        0.0,
    ),
)


def _claim(definition: Definition, trial: TrialSummary) -> Claim:
    obstacle = _obstacle(definition, trial)
    value = None if obstacle else definition.value(_losses(trial, "train_loss"), _losses(trial, "val_loss"))
    return Claim(
        id=definition.id,
        statement=definition.statement,
        trial=trial.id,
        contender=trial.contender,
        recipe=trial.recipe,
        value=value,
        unit=definition.unit,
        threshold=definition.threshold,
        distance=None if value is None else value - definition.threshold,
        words=f"no number: {obstacle or definition.undefined}" if value is None else _words(value, definition),
    )


def _words(value: float, definition: Definition) -> str:
    """Say how far a number is from the threshold: "0.344 above 0.5"."""
    distance, threshold = value - definition.threshold, f"{definition.threshold:g}"
    if not distance:
        return f"at {threshold}"
    size = f"{abs(distance):.3f}" if abs(distance) >= 1e-3 else f"{abs(distance):.2g}"
    return f"{size} {'above' if distance > 0 else 'below'} {threshold}"


def verdict(holds: bool) -> str:
    return "holds" if holds else "does not hold"


def _obstacle(definition: Definition, trial: TrialSummary) -> str:
    """Say what keeps the claim from being computed, or nothing."""
    if trial.status is not Status.DONE:
        return f"the trial is {trial.status.replace('_', ' ')}"
    if len(trial.epochs) < definition.needs_epochs:
        return f"needs {definition.needs_epochs} epoch{'s' if definition.needs_epochs > 1 else ''}"
    if [epoch.epoch for epoch in trial.epochs] != list(range(1, len(trial.epochs) + 1)):
        return "an epoch is missing"
    if not all(map(_finite, trial.epochs)):
        return "a loss is not finite"
    return ""


def _finite(epoch: Epoch) -> bool:
    return all(loss is not None and math.isfinite(loss) for loss in (epoch.train_loss, epoch.val_loss))


def _losses(trial: TrialSummary, name: str) -> list[float]:
    return [getattr(epoch, name) for epoch in trial.epochs]
