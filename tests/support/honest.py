"""What an honest worker leaves beside its test logits: files and hashes that bear out what its made-up story claims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from orchestrator.record.verify.steps import batch_sizes
from shared.events import EpochEnded, Event, WorkerReady
from shared.initial import digest, shared_weights
from shared.leftovers import STEPS, VALIDATION
from shared.mnist import Mnist
from shared.order import sequential, shuffled
from shared.recipe import Recipe
from shared.trial import Trial
from tests.support.arrays import npy, npz

CLASSES = 10
BARELY = 0.01  # a logit by which an answer is wrong


def with_hashes(trial: Trial, events: Sequence[Event]) -> list[Event]:
    """Return the events with the hashes of first weights and orders that recipe and seed give."""
    recipe, seed, changed = trial.recipe, trial.seed, list[Event]()
    for event in events:
        if isinstance(event, WorkerReady) and recipe.initial.draw == "shared":
            event = replace(event, initial_weights_sha256=digest(shared_weights(recipe, seed)))
        if isinstance(event, EpochEnded) and recipe.training.order != "framework":
            images, shared = recipe.data.train.images, recipe.training.order == "shared"
            order = shuffled(images, seed, event.epoch) if shared else sequential(images)
            event = replace(event, order_sha256=order.sha256)
        changed.append(event)
    return changed


def files(recipe: Recipe, events: Sequence[Event], data: Mnist) -> dict[str, bytes]:
    """Return validation.npy and steps.npz, of steps that are all alike within an epoch."""
    epochs, sizes = [event for event in events if isinstance(event, EpochEnded)], batch_sizes(recipe)
    losses = [epoch.train_loss for epoch in epochs for _ in sizes]
    correct = [epoch.train_accuracy * size for epoch in epochs for size in sizes]
    part = recipe.data.validation
    labels = (data.train_labels if part.file == "train" else data.test_labels)[part.start : part.stop]
    return {STEPS: npz(losses=losses, correct=correct), VALIDATION: npy(_logits(epochs[-1], labels))}


def _logits(last: EpochEnded, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return logits that give the epoch's validation accuracy and loss; the first images are wrong.

    One logit s among zeros gives its own class a loss of log(e^s + 9) − s, and any other one of log(e^s + 9).
    """
    assert last.val_loss is not None
    wrong = round((1 - last.val_accuracy) * len(labels))
    right, total = len(labels) - wrong, last.val_loss * len(labels)
    of_right = min((total - wrong * math.log(math.exp(BARELY) + 9)) / right, math.log(CLASSES) - BARELY)
    assert of_right > 0, "no logits give so small a loss with so many wrong answers"
    logits = np.eye(CLASSES)[labels] * math.log(9 / (math.exp(of_right) - 1))
    other = (labels[:wrong].astype(int) + 1) % CLASSES
    logits[:wrong] = np.eye(CLASSES)[other] * math.log(math.exp((total - right * of_right) / wrong) - 9)
    return logits
