"""How an optimiser moves one tensor, in float64: weight, gradient and state in, weight and state out.

Constants are the recipe's decimal numbers in float64. A framework that keeps a learning rate in
float32 differs by its rounding, up to 6e-8 of the step; that difference is the framework's, and stays visible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.reference.arrays import Array
from shared.recipe import Sgd

State = Mapping[str, Array]
"""What an optimiser remembers about one tensor, by name; empty before the first step."""


def moved(optimiser: Any, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Return the weight after one step, and the state for the next; neither argument is changed."""
    return OPTIMISERS[type(optimiser)](optimiser, weight, gradient, state)


def _sgd(optimiser: Sgd, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    return weight - optimiser.learning_rate * gradient, state


OPTIMISERS: dict[type, Callable[[Any, Array, Array, State], tuple[Array, State]]] = {
    Sgd: _sgd,
}
