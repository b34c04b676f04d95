"""Arrays of weights in the layout of frameworks that compute in channels, height, width, as PyTorch does.

The recipe speaks of height, width, channels: `shared.initial.Weights` says how its arrays lie. Weights are laid out
anew when they are set and when somebody looks at them, never while training.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from shared.recipe import Dense, Flatten, Recipe, shapes


def to_channels_first(recipe: Recipe, name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Lay out a recipe's array as (out, in, height, width), (out, in) or, without an input, as it is."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(3, 2, 0, 1))
    order = _flattened(recipe, name)
    return np.ascontiguousarray((array if order is None else array[order]).T)


def from_channels_first(recipe: Recipe, name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Lay an array out as the recipe has it; the inverse of `to_channels_first`."""
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(2, 3, 1, 0))
    order = _flattened(recipe, name)
    return np.ascontiguousarray(array.T if order is None else array.T[np.argsort(order)])


def _flattened(recipe: Recipe, name: str) -> Optional[NDArray[np.int64]]:
    """Return the place in the recipe's order of each feature of an array; None where both orders are the same.

    Features are in channels, height, width after a flatten, and until a dense layer mixes them.
    """
    index, own = name.split(".")
    if own == "bias":  # of outputs, not of inputs
        return None
    for at in range(int(index) - 1, -1, -1):
        if isinstance(recipe.layers[at], Flatten):
            shape = shapes(recipe)[at]
            return np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
        if isinstance(recipe.layers[at], Dense):
            return None
    return None
