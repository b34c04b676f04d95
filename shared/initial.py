"""First weights: what a recipe's distribution means for each layer, and the hash that tells equal starts apart.

Names, shapes and order are the recipe's, in no framework's layout; each `model.py` maps its own.
"""

from __future__ import annotations

import hashlib
import math
from typing import Iterator, List, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from shared.recipe import Conv2d, Dense, Initial, Recipe, Shape, shapes

Weighted = Union[Conv2d, Dense]


def weighted(recipe: Recipe) -> Iterator[Tuple[int, Weighted, Shape]]:
    """Yield index, layer and input shape of every layer that has weights."""
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe))):
        if isinstance(layer, (Conv2d, Dense)):
            yield index, layer, shape


def bounds(initial: Initial, layer: Weighted, shape: Shape) -> Tuple[float, float]:
    """Return b of U(±b) for the kernel and for the bias; drawing from U(±0) gives zeros."""
    if isinstance(layer, Conv2d):
        fan_in, fan_out = layer.kernel**2 * shape[-1], layer.kernel**2 * layer.filters
    else:
        fan_in, fan_out = shape[-1], layer.units
    if initial.distribution == "glorot_uniform":
        return math.sqrt(6 / (fan_in + fan_out)), 0.0
    return 1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in)


def digest(weights: List[Tuple[str, NDArray[np.float32]]]) -> str:
    """Hash names, shapes and little-endian bytes: equal for equal weights, whatever the framework."""
    found = hashlib.sha256()
    for name, array in weights:
        found.update(f"{name} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array, "<f4").tobytes())
    return found.hexdigest()
