"""A recipe's training in float64, step by step over batches that the caller brings.

The order of the images is `shared.order`'s affair, their scaling `shared.mnist`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from orchestrator.audit.reference.arrays import Arrays, Images, Labels, Named
from orchestrator.audit.reference.network import Gradients, gradients
from orchestrator.audit.reference.optimizers import State, step
from shared.recipe import Recipe

Batches = Iterable[tuple[Images, Labels]]


@dataclass(frozen=True, eq=False)
class Step:
    """One optimiser step: the loss and the gradients that it came from, and the weights that it left."""

    loss: float  # mean per image of the batch, before the step
    gradients: Arrays
    weights: Arrays  # statistics among them


def train(recipe: Recipe, weights: Named, batches: Batches, *, unit: float = 0.0) -> Iterator[Step]:
    """Yield a step for each batch of images (n, height, width, channels) and labels (n,).

    `unit` is that of `gradients`. Raises ValueError where weights, images or labels are not the recipe's.
    """
    current: Arrays = [(name, np.asarray(array, np.float64)) for name, array in weights]
    states: dict[str, State] = {}
    for images, labels in batches:
        computed = gradients(recipe, current, images, labels, unit=unit)
        current, states = _step(recipe, current, computed, states)
        yield Step(computed.loss, computed.arrays, current)


def _step(
    recipe: Recipe, weights: Arrays, computed: Gradients, states: dict[str, State]
) -> tuple[Arrays, dict[str, State]]:
    by_weights, after = dict(computed.arrays), dict(computed.statistics)
    remembered: dict[str, State] = {}
    for name, weight in weights:
        if name in by_weights:
            after[name], remembered[name] = step(recipe.optimizer, weight, by_weights[name], states.get(name, {}))
    return [(name, after[name]) for name, _ in weights], remembered
