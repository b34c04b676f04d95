"""Loss and accuracy of the logits that a worker left, held against what it says of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orchestrator.record.verify.compare import Pair, finite, worst
from orchestrator.record.verify.line import Verified, not_checked, unreadable
from orchestrator.stream.predictions import PredictionsError, read_logits
from shared.events import EpochEnded, RunEnded
from shared.leftovers import PREDICTIONS, VALIDATION
from shared.trial import Precision

Labels = NDArray[np.uint8]

LOSS_TOLERANCES: dict[Precision, float] = {"float32": 1e-4, "float64": 1e-10}
"""Nats, and as many of the loss where that is more than 1. A mean of 10,000 float32 numbers is good to √10,000
roundings of 6e-8 each, 6e-6; of other images, or of the weights of another step, it is 1e-3 off and more."""

ACCURACY_TOLERANCE = 1e-9
"""On a CPU the logits are those that the worker counted, or the same again to the last bit."""

GPU_IMAGES = 1.5
"""On a GPU two passes over the same images may round differently, and an image with two equal logits may change."""


def verify_test_loss(ended: RunEnded, content: bytes, labels: Labels, precision: Precision) -> list[Verified]:
    """Hold the test loss against the logits in predictions.npy; its accuracy is counted where the trial is judged."""
    try:
        loss = _loss(read_logits(content, len(labels), PREDICTIONS), labels)
    except PredictionsError as error:
        return unreadable(str(error), "test-loss")
    return worst("test-loss", [Pair(ended.test_loss, loss, _tolerance(loss, precision))])


def verify_validation(
    last: EpochEnded, content: bytes | None, labels: Labels | None, precision: Precision, *, gpu: bool
) -> list[Verified]:
    """Hold the last epoch's validation loss and accuracy against the logits in validation.npy."""
    reason = f"it left no {VALIDATION}" if content is None else "the host has no labels of these images"
    if content is None or labels is None:
        return not_checked(reason, "validation-loss", "validation-accuracy")
    try:
        logits = read_logits(content, len(labels), VALIDATION)
    except PredictionsError as error:
        return unreadable(str(error), "validation-loss", "validation-accuracy")
    loss = _loss(logits, labels)
    losses = Pair(last.val_loss, loss, _tolerance(loss, precision), last.epoch)
    if loss is None:  # which of two NaN is the larger, no two frameworks agree
        return [*worst("validation-loss", [losses]), *not_checked("a logit is not finite", "validation-accuracy")]
    accuracy = float(np.mean(logits.argmax(axis=1) == labels))
    tolerance = GPU_IMAGES / len(labels) if gpu else ACCURACY_TOLERANCE
    accuracies = Pair(last.val_accuracy, accuracy, tolerance, last.epoch)
    return [*worst("validation-loss", [losses]), *worst("validation-accuracy", [accuracies])]


def _loss(logits: NDArray[np.floating], labels: Labels) -> float | None:
    """Return the mean softmax cross-entropy in float64, None where it is not finite."""
    exact = np.asarray(logits, np.float64)
    with np.errstate(all="ignore"):  # what is not finite is told below
        shifted = exact - exact.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
        return finite(float(losses.mean()))


def _tolerance(loss: float | None, precision: Precision) -> float:
    return LOSS_TOLERANCES[precision] * max(1.0, loss or 0.0)
