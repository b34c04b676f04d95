"""How an optimiser moves one tensor, in float64: weight, gradient and state in, weight and state out.

Constants are the recipe's decimal numbers in float64. A framework that keeps a learning rate in
float32 differs by its rounding, up to 6e-8 of the step; that difference is the framework's, and stays visible.
Sources stand in docs/recipes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from orchestrator.audit.reference.arrays import Array
from shared.recipe import Adam, AdamW, RmsProp, Sgd

State = Mapping[str, Array]
"""What an optimiser remembers about one tensor, by name; empty before the first step."""


def step(optimizer: Any, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Return the weight after one step, and the state for the next; neither argument is changed."""
    return OPTIMIZERS[type(optimizer)](optimizer, weight, gradient, state)


def _sgd(optimizer: Sgd, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    velocity = optimizer.momentum * state.get("velocity", 0) + gradient
    ahead = gradient + optimizer.momentum * velocity if optimizer.nesterov else velocity
    return weight - optimizer.learning_rate * ahead, {"velocity": velocity}


def _adam(optimizer: Adam | AdamW, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Correct both moments for their start at 0, then add epsilon to the root: algorithm 1, in its order."""
    count = state.get("count", np.array(0)) + 1
    mean = _average(optimizer.beta_1, state.get("mean"), gradient)
    square = _average(optimizer.beta_2, state.get("square"), gradient**2)
    corrected = mean / (1 - optimizer.beta_1**count), square / (1 - optimizer.beta_2**count)
    step = corrected[0] / (np.sqrt(corrected[1]) + optimizer.epsilon)
    return weight - optimizer.learning_rate * step, {"count": count, "mean": mean, "square": square}


def _adamw(optimizer: AdamW, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Decay the weight itself, apart from the gradient that the moments see."""
    decayed = weight - optimizer.learning_rate * optimizer.weight_decay * weight
    return _adam(optimizer, decayed, gradient, state)


def _rmsprop(optimizer: RmsProp, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    square = _average(optimizer.rho, state.get("square"), gradient**2)
    return weight - optimizer.learning_rate * gradient / (np.sqrt(square) + optimizer.epsilon), {"square": square}


def _average(weight: float, old: Array | None, new: Array) -> Array:
    """Average over the steps, the newest by 1 − weight, from 0 on."""
    return (1 - weight) * new if old is None else weight * old + (1 - weight) * new


OPTIMIZERS: dict[type, Callable[[Any, Array, Array, State], tuple[Array, State]]] = {
    Sgd: _sgd,
    Adam: _adam,
    AdamW: _adamw,
    RmsProp: _rmsprop,
}
