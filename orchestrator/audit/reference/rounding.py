"""How far off a gradient may be without anybody's mistake, because it is a sum in finite precision.

A sum of n numbers in floating point is off by up to n · u times the sum of their magnitudes (Higham 2002, section 4.2).
Behind a batch norm a gradient is what is left of tens of thousands of terms that cancel, and Adam makes a whole step of
a gradient that is nearly 0, so that such errors can be 1e-3 of a tensor.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestrator.audit.reference import batch_norm
from orchestrator.audit.reference.arrays import Array, Backward, Parameters
from orchestrator.audit.reference.layers import apply
from shared.recipe import BatchNorm, Conv2d, Dense, Layer


def with_rounding_errors(layer: Layer, own: Parameters, inputs: Array, backward: Backward, unit: float) -> Backward:
    """Return a backward function whose gradients by weights are `unit` of their absolute terms off, up or down."""
    signs = np.random.default_rng(0)

    def off(gradient: Array) -> tuple[Array, dict[str, Array]]:
        by_inputs, by_own = backward(gradient)
        terms = _terms(layer, own, inputs, gradient)
        return by_inputs, {
            name: array + unit * terms[name] * signs.choice([-1, 1], array.shape) for name, array in by_own.items()
        }

    return off


def _terms(layer: Layer, own: Parameters, inputs: Array, gradient: Array) -> dict[str, Array]:
    """Sum the magnitudes of what a gradient by weights is summed from; an activation's slope is taken as 1."""
    if isinstance(layer, BatchNorm):
        return batch_norm.parameter_gradients(np.abs(gradient), np.abs(batch_norm.normalize(layer, inputs)))
    if isinstance(layer, Conv2d | Dense):
        absolute = {name: np.abs(array) for name, array in own.items()}
        return apply(replace(layer, activation=None), absolute, np.abs(inputs))[1](np.abs(gradient))[1]
    return {}
