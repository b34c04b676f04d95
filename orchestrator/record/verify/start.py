"""First weights, the order of the images and the first steps' losses, held against what seed and recipe give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.record.verify.compare import Pair, finite, worst
from orchestrator.record.verify.line import Verified, not_checked
from orchestrator.spec.tracks import not_stepwise
from shared.events import EpochEnded, WorkerReady
from shared.initial import digest, shared_weights
from shared.order import sequential, shuffled
from shared.trial import Precision, Trial

LOSS_TOLERANCES: dict[Precision, float] = {"float32": 1e-4, "float64": 1e-9}
"""Nats, and as many of the loss where that is more than 1. Rounding alone was seen at 1e-6 over the first steps, and at
2e-4 after three hundred where images lie at kinks; another batch, or a step more or less, is 1e-3 and more."""


def verify_first_weights(trial: Trial, ready: WorkerReady) -> list[Verified]:
    """Hold the hash of the first weights against the host's own."""
    if trial.recipe.initial.draw != "shared":
        return not_checked("each framework draws first weights of its own", "first-weights")
    same = ready.initial_weights_sha256 == digest(shared_weights(trial.recipe, trial.seed))
    return [Verified(what="first-weights", verdict="agrees" if same else "differs")]


def verify_order(trial: Trial, epochs: Sequence[EpochEnded]) -> list[Verified]:
    """Hold the hash of each epoch's order against the host's own."""
    if trial.recipe.training.order == "framework":
        return not_checked("each framework shuffles the images in an order of its own", "order")
    if any(each.order_sha256 is None for each in epochs):
        return not_checked("it left no hash of an epoch's order", "order")
    wrong = [each.epoch for each in epochs if each.order_sha256 != _order_sha256(trial, each.epoch)]
    if wrong:
        return [Verified(what="order", verdict="differs", epoch=wrong[0])]
    return [Verified(what="order", verdict="agrees")]


def _order_sha256(trial: Trial, epoch: int) -> str:
    images, shared = trial.recipe.data.train.images, trial.recipe.training.order == "shared"
    return (shuffled(images, trial.seed, epoch) if shared else sequential(images)).sha256


def verify_first_losses(trial: Trial, losses: NDArray[np.float64], expected: Sequence[float]) -> list[Verified]:
    """Hold the first steps' losses against the float64 reference, trained on the order's own batches.

    A hash of an order is a claim; a loss comes from the images themselves, and from the steps before it.
    """
    if not expected:
        reason = not_stepwise(trial.recipe) or "its float64 reference was not computed"
        return not_checked(reason, "first-losses")
    tolerance = LOSS_TOLERANCES[trial.precision]
    pairs = [
        Pair(finite(loss), reference, tolerance * max(1.0, abs(reference)), step=step)
        for step, (loss, reference) in enumerate(zip(losses, expected, strict=False), 1)
    ]
    return worst("first-losses", pairs) or not_checked("it left no loss of a step", "first-losses")
