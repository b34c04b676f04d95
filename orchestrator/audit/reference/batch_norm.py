"""Batch norm in float64, over all axes but the last (Ioffe & Szegedy 2015, algorithms 1 and 2).

With B the batch's mean or its biased variance, y = scale · (x − B mean) / √(B variance + epsilon) + shift.
Each image's outputs depend on the whole batch, so their gradients do too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from orchestrator.audit.reference.activations import apply_activation
from orchestrator.audit.reference.arrays import Applied, Array, Parameters
from shared.recipe import BatchNorm


class Moments(NamedTuple):
    """Of each channel, (channels,)."""

    mean: Array
    variance: Array  # biased
    values: int  # that one channel has


def apply_in_evaluation(layer: BatchNorm, parameters: Parameters, inputs: Array) -> Applied:
    """Normalise by the running statistics, as evaluation does: nothing depends on the batch."""
    mean, deviation = parameters["running_mean"], np.sqrt(parameters["running_variance"] + layer.epsilon)
    values = (inputs - mean) / deviation

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        return gradient * parameters["scale"] / deviation, parameter_gradients(gradient, values)

    return apply_activation(layer.activation, values * parameters["scale"] + parameters["shift"], backward)


def apply_in_training(layer: BatchNorm, parameters: Parameters, inputs: Array) -> Applied:
    """Normalise by the batch's own moments, as training does."""
    values, deviation = normalize(layer, inputs), np.sqrt(moments(inputs).variance + layer.epsilon)

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        axes = _axes(gradient)
        by_normal = gradient * parameters["scale"]
        along = values * (by_normal * values).mean(axis=axes)  # what the variance takes back, and the mean
        return (by_normal - by_normal.mean(axis=axes) - along) / deviation, parameter_gradients(gradient, values)

    return apply_activation(layer.activation, values * parameters["scale"] + parameters["shift"], backward)


def running_statistics(layer: BatchNorm, parameters: Parameters, inputs: Array) -> dict[str, Array]:
    """Return the running statistics after a batch: its variance enters unbiased, n / (n − 1) times the biased one."""
    mean, variance, values = moments(inputs)
    old, new = layer.momentum, 1 - layer.momentum
    return {
        "running_mean": old * parameters["running_mean"] + new * mean,
        "running_variance": old * parameters["running_variance"] + new * variance * values / (values - 1),
    }


def normalize(layer: BatchNorm, inputs: Array) -> Array:
    """Return values of mean 0 and variance 1, but for epsilon."""
    mean, variance, _ = moments(inputs)
    return (inputs - mean) / np.sqrt(variance + layer.epsilon)


def moments(inputs: Array) -> Moments:
    axes = _axes(inputs)
    return Moments(inputs.mean(axis=axes), inputs.var(axis=axes), inputs.size // inputs.shape[-1])


def _axes(values: Array) -> tuple[int, ...]:
    return tuple(range(values.ndim - 1))


def parameter_gradients(gradient: Array, values: Array) -> dict[str, Array]:
    """Return the gradients by scale and shift for normal values."""
    axes = _axes(gradient)
    return {"scale": (gradient * values).sum(axis=axes), "shift": gradient.sum(axis=axes)}
