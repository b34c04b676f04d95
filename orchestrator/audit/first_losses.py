"""The losses of a training's first steps in float64, along the order of images that seed and recipe give.

A worker claims an order by its hash. The loss of a step comes from that step's images, and from every step before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.reference import Named, evaluate, forward, train
from orchestrator.audit.reference.arrays import Images, Labels
from orchestrator.audit.reference.layers import IN_TRAINING
from orchestrator.audit.reference.network import gradients
from orchestrator.spec.tracks import not_stepwise
from shared import mnist
from shared.initial import shared_weights
from shared.order import sequential, shuffled
from shared.recipe import Recipe, multiplications_per_image

STEPS = 4
"""Losses that are held, at most. The second shows that the first batch was trained, and once."""

MULTIPLICATIONS = 1_500_000_000
"""Of one pass forward over all images that are trained on: one step of 128 images of `matched`, ten seconds on two
cores, or thirty of `matched-8x8`."""


def first_losses(recipe: Recipe, seed: int, data: mnist.Mnist) -> tuple[float, ...]:
    """Return the losses of the first steps, as many as can be had in seconds; none where they cannot be known."""
    if not_stepwise(recipe):
        return ()
    weights, count = shared_weights(recipe, seed), _affordable_steps(recipe)
    pixels, labels = mnist.select(data, recipe.data.train)
    batches = itertools.islice(_batches(recipe, seed), count)
    *trained, last = [
        (mnist.scale(pixels[batch], recipe.data.mean, recipe.data.std)[..., None], labels[batch]) for batch in batches
    ]
    steps = list(train(recipe, weights, trained))
    after = steps[-1].weights if steps else weights
    return (*(step.loss for step in steps), _loss(recipe, after, *last))


def _batches(recipe: Recipe, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of every step's images, epoch after epoch; the last batch of an epoch may be smaller."""
    images, size = recipe.data.train.images, recipe.training.batch_size
    for epoch in range(1, recipe.training.epochs + 1):
        order = shuffled(images, seed, epoch) if recipe.training.order == "shared" else sequential(images)
        yield from (order.indices[at : at + size] for at in range(0, images, size))


def _affordable_steps(recipe: Recipe) -> int:
    """Return how many losses are computed: the first takes a forward pass, each other a trained step before it."""
    of_step = multiplications_per_image(recipe) * min(recipe.training.batch_size, recipe.data.train.images)
    return min(STEPS, 1 + MULTIPLICATIONS // max(1, of_step))


def _loss(recipe: Recipe, weights: Named, images: Images, labels: Labels) -> float:
    """Return a batch's loss as training computes it; image by image, and so in less memory, where images do not mix."""
    if any(type(layer) in IN_TRAINING for layer in recipe.layers):
        return gradients(recipe, weights, images, labels).loss
    return evaluate(forward(recipe, weights, images), labels).loss
