"""The layers of a recipe in float64: a function each, from inputs to outputs and the way back.

Images are (n, height, width, channels), kernels (height, width, in, out) or (in, out). A layer's backward
function takes the loss's gradient by its outputs and returns that by its inputs and by its own weights.
Each is written to be held against its formula; shapes are `shared.layers`' affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.audit.reference import batch_norm
from orchestrator.audit.reference.activations import apply_activation
from orchestrator.audit.reference.arrays import Applied, Array, Parameters
from orchestrator.audit.reference.convolution import conv2d
from orchestrator.audit.reference.pooling import average_pool2d, max_pool2d
from shared.recipe import AveragePool2d, BatchNorm, Conv2d, Dense, Dropout, Flatten, Layer, MaxPool2d


def apply(layer: Layer, parameters: Parameters, inputs: Array, *, training: bool = False) -> Applied:
    """Return a layer's outputs for a batch, its activation included, and its backward function."""
    table = {**LAYERS, **IN_TRAINING} if training else LAYERS
    return table[type(layer)](layer, parameters, inputs)


def running_statistics(layer: Layer, parameters: Parameters, inputs: Array) -> dict[str, Array]:
    """Return what a layer's statistics are after it was trained on a batch; nothing for most layers."""
    return STATISTICS[type(layer)](layer, parameters, inputs) if type(layer) in STATISTICS else {}


def _flatten(_: Flatten, __: Parameters, inputs: Array) -> Applied:
    """Lay out height, width, channels, the last one fastest."""
    return inputs.reshape(len(inputs), -1), lambda gradient: (gradient.reshape(inputs.shape), {})


def _dropout(_: Dropout, __: Parameters, inputs: Array) -> Applied:
    """Drop nothing: so does evaluation, and so does an audit, because each framework draws masks of its own."""
    return inputs, lambda gradient: (gradient, {})


def _dense(layer: Dense, parameters: Parameters, inputs: Array) -> Applied:
    kernel = parameters["kernel"]

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        own = {"kernel": inputs.T @ gradient, "bias": gradient.sum(axis=0)}
        return gradient @ kernel.T, {name: own[name] for name in parameters}

    return apply_activation(layer.activation, inputs @ kernel + parameters.get("bias", 0), backward)


LAYERS: dict[type, Callable[[Any, Parameters, Array], Applied]] = {
    Conv2d: conv2d,
    MaxPool2d: max_pool2d,
    AveragePool2d: average_pool2d,
    BatchNorm: batch_norm.apply_in_evaluation,
    Dropout: _dropout,
    Flatten: _flatten,
    Dense: _dense,
}

IN_TRAINING: dict[type, Callable[[Any, Parameters, Array], Applied]] = {
    BatchNorm: batch_norm.apply_in_training,
}
"""What computes otherwise while training: these layers make every image's gradient depend on the whole batch."""

STATISTICS: dict[type, Callable[[Any, Parameters, Array], dict[str, Array]]] = {
    BatchNorm: batch_norm.running_statistics,
}
"""What a layer remembers of a batch."""
