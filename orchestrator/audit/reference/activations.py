"""Functions that work element by element, in float64: outputs and slopes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.reference.arrays import Applied, Array, Backward

_erf = np.vectorize(math.erf, otypes=[np.float64])


def apply_activation(activation: str | None, sums: Array, backward: Backward) -> Applied:
    """Put an activation behind a layer that made `sums`."""
    if activation is None:
        return sums, backward
    outputs, slope = ACTIVATIONS[activation](sums)
    return outputs, lambda gradient: backward(gradient * slope)


def _relu(sums: Array) -> tuple[Array, NDArray[np.bool_]]:
    """max(0, x), whose slope at 0 is taken as 0, as the frameworks do."""
    return np.maximum(sums, 0), sums > 0


def _tanh(sums: Array) -> tuple[Array, Array]:
    outputs = np.tanh(sums)
    return outputs, 1 - outputs**2


def _gelu(sums: Array) -> tuple[Array, Array]:
    """x · Φ(x), Φ the normal distribution (Hendrycks & Gimpel 2016); the exact one, not their approximation by tanh."""
    below = (1 + _erf(sums / math.sqrt(2))) / 2
    density = np.exp(-(sums**2) / 2) / math.sqrt(2 * math.pi)
    return sums * below, below + sums * density


ACTIVATIONS: dict[str, Callable[[Array], tuple[Array, Array | NDArray[np.bool_]]]] = {
    "relu": _relu,
    "tanh": _tanh,
    "gelu": _gelu,
}
