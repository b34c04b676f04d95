"""Loss and accuracy of every epoch, recomputed from what a worker left of each step; and how much it trained."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.record.verify.compare import Pair, finite, worst
from orchestrator.record.verify.line import Verified, not_checked
from orchestrator.stream import npy
from shared.events import EpochEnded
from shared.leftovers import STEPS
from shared.recipe import Recipe
from shared.trial import Precision

Floats = NDArray[np.float64]

LOSS_TOLERANCES: dict[Precision, float] = {"float32": 1e-5, "float64": 1e-10}
"""Nats, and as many of the loss where that is more than 1. A worker may sum on its device: √n roundings for n steps,
2e-6 for a thousand in float32. To weigh a smaller last batch as a whole one, or to leave it out, changes 1e-4 and
more."""

ACCURACY_TOLERANCE = 1e-6
"""Counts of right answers are whole numbers, and their sum over an epoch is exact in float32 up to 16 million."""

_WHOLE = 0.5  # tolerance of a count


def verify_amounts(recipe: Recipe, epochs: Sequence[EpochEnded], *, lost: bool) -> list[Verified]:
    """Hold the number of epochs and the images of each against the recipe."""
    images = recipe.data.train.images
    trained = worst("images", [Pair(epoch.images, images, _WHOLE, epoch.epoch) for epoch in epochs])
    if lost:
        return [*not_checked("events were lost", "epochs"), *trained]
    in_order = sum(epoch.epoch == number for number, epoch in enumerate(epochs, 1))
    claimed = in_order if len(epochs) <= recipe.training.epochs else len(epochs)
    return [*worst("epochs", [Pair(claimed, recipe.training.epochs, _WHOLE)]), *trained]


def verify_steps(
    recipe: Recipe, epochs: Sequence[EpochEnded], arrays: dict[str, Floats], precision: Precision
) -> list[Verified]:
    """Hold the number of steps against the recipe, and each epoch's loss and accuracy against its steps."""
    losses, correct = arrays["losses"], arrays.get("correct")
    sizes = batch_sizes(recipe)
    counted = recipe.training.epochs * len(sizes)
    lines = worst("steps", [Pair(losses.size, counted, _WHOLE)])
    if losses.size != counted:
        return [*lines, *not_checked("its steps are not those of its epochs", "training-loss", "training-accuracy")]
    lines += worst("training-loss", _losses(epochs, losses.reshape(-1, len(sizes)), sizes, precision))
    if correct is None or correct.shape != losses.shape:
        return [*lines, *not_checked(f"it left no count of right answers in {STEPS}", "training-accuracy")]
    return [*lines, *worst("training-accuracy", _accuracies(epochs, correct.reshape(-1, len(sizes)), sizes))]


def read_steps(content: bytes) -> tuple[dict[str, Floats], str]:
    """Return the arrays of steps.npz, `losses` among them, or none and what is wrong with the file."""
    try:
        arrays = npy.read_archive(content)
    except npy.ArrayError as error:
        return {}, f"{STEPS} {error}"
    if "losses" not in arrays or arrays["losses"].ndim != 1:
        return {}, f"{STEPS} holds no list of losses"
    return arrays, ""


def batch_sizes(recipe: Recipe) -> Floats:
    """Return the number of images of each step of an epoch: the last one may be smaller."""
    images, size = recipe.data.train.images, recipe.training.batch_size
    sizes = np.full(math.ceil(images / size), float(size))
    sizes[-1] = images - size * (len(sizes) - 1)
    return sizes


def _losses(epochs: Sequence[EpochEnded], by_epoch: Floats, sizes: Floats, precision: Precision) -> list[Pair]:
    with np.errstate(all="ignore"):  # a loss that is not finite makes its epoch's None, as the worker says it
        counted = [finite(loss) for loss in by_epoch @ sizes / sizes.sum()]
    tolerance = LOSS_TOLERANCES[precision]
    return [
        Pair(epoch.train_loss, loss, tolerance * max(1.0, abs(loss or 0.0)), epoch.epoch)
        for epoch, loss in _matched(epochs, counted)
    ]


def _accuracies(epochs: Sequence[EpochEnded], by_epoch: Floats, sizes: Floats) -> list[Pair]:
    with np.errstate(all="ignore"):
        counted = [finite(share) for share in by_epoch.sum(axis=1) / sizes.sum()]
    return [
        Pair(epoch.train_accuracy, share, ACCURACY_TOLERANCE, epoch.epoch) for epoch, share in _matched(epochs, counted)
    ]


def _matched(epochs: Sequence[EpochEnded], counted: Sequence[float | None]) -> list[tuple[EpochEnded, float | None]]:
    """Put each epoch's event beside what the host counted of that epoch."""
    return [(epoch, counted[epoch.epoch - 1]) for epoch in epochs if epoch.epoch <= len(counted)]
