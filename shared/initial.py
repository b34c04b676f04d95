"""First weights: what a recipe's distribution means, weights that all frameworks share, and the hash of a start.

Names, shapes and order are the recipe's, in no framework's layout; each `model.py` maps its own. Random
bits come from SHAKE-128 (FIPS 202), whose output is fixed by a standard, and not from a generator
whose stream a library may change with its version.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
from numpy.typing import NDArray

from shared.recipe import BatchNorm, Conv2d, Dense, Initial, Layer, Recipe, Shape, shapes

Weights = List[Tuple[str, NDArray[np.float32]]]
"""("0.kernel", array), ("0.bias", array), … by layer index, the statistics of a layer behind its weights.

Kernels of convolutions are (height, width, in, out), of dense layers (in, out), the inputs of a
dense layer after a flatten in the order height, width, channels. Scale, shift and statistics are (channels,).
"""


class Array(NamedTuple):
    """One array of a recipe's network and U(low, high), from which it is drawn; of U(1, 1) all is 1."""

    name: str  # "0.kernel"
    shape: Shape
    low: float
    high: float
    trained: bool  # False for a statistic


def arrays(recipe: Recipe) -> Iterator[Array]:
    """Yield every array that a recipe's network carries, in the order of `Weights`."""
    for index, layer, shape in layers_with_weights(recipe):
        first, weights = ranges(recipe.initial, layer, shape), layer.weights(shape)
        for own, size in {**weights, **layer.statistics(shape)}.items():
            yield Array(f"{index}.{own}", size, *first[own], trained=own in weights)


def layers_with_weights(recipe: Recipe) -> Iterator[Tuple[int, Layer, Shape]]:
    """Yield index, layer and input shape of every layer that has weights."""
    for index, (layer, shape) in enumerate(zip(recipe.layers, shapes(recipe))):
        if layer.weights(shape):
            yield index, layer, shape


Ranges = Dict[str, Tuple[float, float]]


def ranges(initial: Initial, layer: Layer, shape: Shape) -> Ranges:
    """Return low and high of U(low, high) for each array of a layer; KeyError where nothing says how it starts."""
    return FIRST[type(layer)](initial, layer, shape)


def _by_fans(initial: Initial, layer: Layer, shape: Shape) -> Ranges:
    """Draw as far as a kernel's fans allow: (…, in, out), times the positions that it covers."""
    kernel = layer.weights(shape)["kernel"]
    fan_in, fan_out = math.prod(kernel[:-1]), math.prod(kernel[:-2]) * kernel[-1]
    if initial.distribution == "glorot_uniform":
        bound, bias = math.sqrt(6 / (fan_in + fan_out)), 0.0
    else:
        bound = bias = 1 / math.sqrt(fan_in)
    return {"kernel": (-bound, bound), "bias": (-bias, bias)}


def _unchanged(_: Initial, __: Layer, ___: Shape) -> Ranges:
    """Start batch norm so that it scales and shifts nothing, trained or not."""
    nothing, one = (0.0, 0.0), (1.0, 1.0)
    return {"scale": one, "shift": nothing, "running_mean": nothing, "running_variance": one}


FIRST: Dict[type, Callable[[Initial, Any, Shape], Ranges]] = {
    Conv2d: _by_fans,
    Dense: _by_fans,
    BatchNorm: _unchanged,
}
"""By layer type; a layer that carries arrays and has no entry is refused with its recipe."""


def shared_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw a recipe's first weights from the seed: float32, the same whatever the framework and its version."""
    return [(array.name, _uniform(f"{seed} {array.name}", array)) for array in arrays(recipe)]


Draw = Callable[[Shape, float, float], NDArray[np.float32]]  # shape, low, high


def first_weights(recipe: Recipe, seed: int, generator: Callable[[int], Draw]) -> Weights:
    """Draw a recipe's first weights, from the framework's own generator where the recipe says so."""
    if recipe.initial.draw == "shared":
        return shared_weights(recipe, seed)
    draw = generator(seed)
    return [(array.name, draw(array.shape, array.low, array.high)) for array in arrays(recipe)]


def _uniform(key: str, array: Array) -> NDArray[np.float32]:
    """Draw U(low, high): 24 random bits are what a float32 holds exactly, so no rounding can differ."""
    bits = hashlib.shake_128(f"bakeoff initial 1 {key}".encode()).digest(4 * math.prod(array.shape))
    unit = (np.frombuffer(bits, "<u4") >> 8).astype(np.float64) * 2.0**-24  # 0 ≤ unit < 1
    middle, reach = (array.low + array.high) / 2, (array.high - array.low) / 2
    return ((2 * unit - 1) * reach + middle + 0.0).astype(np.float32).reshape(array.shape)  # + 0.0: U(±0) is 0, not −0


def digest(weights: Weights) -> str:
    """Hash names, shapes and little-endian bytes: equal for equal weights, whatever the framework."""
    sha256 = hashlib.sha256()
    for name, array in weights:
        sha256.update(f"{name} {array.shape}\n".encode())
        sha256.update(np.ascontiguousarray(array, "<f4").tobytes())
    return sha256.hexdigest()
