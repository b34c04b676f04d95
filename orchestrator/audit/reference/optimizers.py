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


def moved(optimiser: Any, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Return the weight after one step, and the state for the next; neither argument is changed."""
    return OPTIMISERS[type(optimiser)](optimiser, weight, gradient, state)


def _sgd(optimiser: Sgd, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    velocity = optimiser.momentum * state.get("velocity", 0) + gradient
    ahead = gradient + optimiser.momentum * velocity if optimiser.nesterov else velocity
    return weight - optimiser.learning_rate * ahead, {"velocity": velocity}


def _adam(optimiser: Adam | AdamW, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Correct both moments for their start at 0, then add epsilon to the root: algorithm 1, in its order."""
    count = state.get("count", np.array(0)) + 1
    mean = _average(optimiser.beta_1, state.get("mean"), gradient)
    square = _average(optimiser.beta_2, state.get("square"), gradient**2)
    corrected = mean / (1 - optimiser.beta_1**count), square / (1 - optimiser.beta_2**count)
    step = corrected[0] / (np.sqrt(corrected[1]) + optimiser.epsilon)
    return weight - optimiser.learning_rate * step, {"count": count, "mean": mean, "square": square}


def _adamw(optimiser: AdamW, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Decay the weight itself, apart from the gradient that the moments see."""
    decayed = weight - optimiser.learning_rate * optimiser.weight_decay * weight
    return _adam(optimiser, decayed, gradient, state)


def _rmsprop(optimiser: RmsProp, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    square = _average(optimiser.rho, state.get("square"), gradient**2)
    return weight - optimiser.learning_rate * gradient / (np.sqrt(square) + optimiser.epsilon), {"square": square}


def _average(weight: float, old: Array | None, new: Array) -> Array:
    """Average over the steps, the newest by 1 − weight, from 0 on."""
    return (1 - weight) * new if old is None else weight * old + (1 - weight) * new


OPTIMISERS: dict[type, Callable[[Any, Array, Array, State], tuple[Array, State]]] = {
    Sgd: _sgd,
    Adam: _adam,
    AdamW: _adamw,
    RmsProp: _rmsprop,
}
