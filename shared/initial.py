"""First weights: what a recipe's distribution means, weights that all frameworks share, and the hash of a start.

Names, shapes and order are the recipe's, in no framework's layout; each `model.py` maps its own. Random
bits come from SHAKE-128 (FIPS 202), whose output is fixed by a standard, and not from a generator
whose stream a library may change with its version.
"""

from __future__ import annotations

import hashlib
import math
from typing import Iterator, List, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from shared.recipe import Conv2d, Dense, Initial, Recipe, Shape, shapes

Weighted = Union[Conv2d, Dense]
Weights = List[Tuple[str, NDArray[np.float32]]]
"""("0.kernel", array), ("0.bias", array), … by layer index.

Kernels of convolutions are (height, width, in, out), of dense layers (in, out), the inputs of a
dense layer after a flatten in the order height, width, channels.
"""


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


def shared_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw a recipe's first weights from the seed: float32, the same whatever the framework and its version."""
    found: Weights = []
    for index, layer, shape in weighted(recipe):
        kernel, bias = bounds(recipe.initial, layer, shape)
        found.append((f"{index}.kernel", _uniform(f"{seed} {index}.kernel", kernel_shape(layer, shape), kernel)))
        found.append((f"{index}.bias", _uniform(f"{seed} {index}.bias", kernel_shape(layer, shape)[-1:], bias)))
    return found


def kernel_shape(layer: Weighted, shape: Shape) -> Shape:
    """Return the shape of a layer's kernel for an input of `shape`; its last number is the bias' length."""
    if isinstance(layer, Conv2d):
        return (layer.kernel, layer.kernel, shape[-1], layer.filters)
    return (shape[0], layer.units)


def _uniform(name: str, shape: Shape, bound: float) -> NDArray[np.float32]:
    """Draw U(−bound, bound): 24 random bits are what a float32 holds exactly, so no rounding can differ."""
    bits = hashlib.shake_128(f"bakeoff initial 1 {name}".encode()).digest(4 * math.prod(shape))
    unit = (np.frombuffer(bits, "<u4") >> 8).astype(np.float64) * 2.0**-24  # 0 ≤ unit < 1
    return ((2 * unit - 1) * bound + 0.0).astype(np.float32).reshape(shape)  # + 0.0: U(±0) is 0, not −0


def digest(weights: Weights) -> str:
    """Hash names, shapes and little-endian bytes: equal for equal weights, whatever the framework."""
    found = hashlib.sha256()
    for name, array in weights:
        found.update(f"{name} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array, "<f4").tobytes())
    return found.hexdigest()
