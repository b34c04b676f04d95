"""The layers of a recipe in float64: a function each, from inputs to outputs and the way back.

Images are (n, height, width, channels), kernels (height, width, in, out) or (in, out). A layer's backward
function takes the loss's gradient by its outputs and returns that by its inputs and by its own parameters.
Each is written to be held against its formula; shapes are `shared.recipe.output_shape`'s affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.reference.arrays import Array
from shared.recipe import Conv2d, Dense, Flatten, Layer, MaxPool2d

Parameters = Mapping[str, Array]
"""A layer's own: "kernel" and "bias", or nothing."""

Backward = Callable[[Array], tuple[Array, dict[str, Array]]]
Applied = tuple[Array, Backward]


def apply(layer: Layer, parameters: Parameters, inputs: Array) -> Applied:
    """Return a layer's outputs for a batch, its activation included, and its backward function."""
    return LAYERS[type(layer)](layer, parameters, inputs)


def _conv2d(layer: Conv2d, parameters: Parameters, inputs: Array) -> Applied:
    """Correlate, as every framework's convolution does: the kernel is not flipped."""
    kernel, size = parameters["kernel"], layer.kernel
    sums = sum(np.tensordot(seen, kernel[at], axes=1) for at, seen in _shifted(inputs, size)) + parameters["bias"]

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        by_inputs, by_kernel = np.zeros_like(inputs), np.empty_like(kernel)
        for (at, seen), (_, spread) in zip(_shifted(inputs, size), _shifted(by_inputs, size), strict=True):
            by_kernel[at] = np.tensordot(seen, gradient, axes=([0, 1, 2], [0, 1, 2]))
            spread += np.tensordot(gradient, kernel[at], axes=([3], [1]))
        return by_inputs, {"kernel": by_kernel, "bias": gradient.sum(axis=(0, 1, 2))}

    return _activated(layer.activation, sums, backward)


def _shifted(images: Array, size: int) -> Iterator[tuple[tuple[int, int], Array]]:
    """Yield what each element of the kernel sees: views into `images`, one per row and column of the kernel.

    A matrix product for each costs a ninth of the memory of all 3x3 windows laid out at once.
    """
    height, width = images.shape[1] - size + 1, images.shape[2] - size + 1
    for row in range(size):
        for column in range(size):
            yield (row, column), images[:, row : row + height, column : column + width]


def _max_pool2d(layer: MaxPool2d, _: Parameters, inputs: Array) -> Applied:
    """Take each window's maximum. The gradient of a tie goes to its first maximum, row by row.

    At a relu's zeros the choice does not matter: the relu passes no gradient on there.
    """
    cut = windows(inputs, layer.size)
    first = cut.argmax(axis=3, keepdims=True)  # argmax returns the first of equals

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        by_inputs = np.zeros_like(inputs)  # stays 0 at a remainder that no window covers
        chosen = np.zeros_like(cut)
        np.put_along_axis(chosen, first, gradient[:, :, :, None], axis=3)
        whole = _images(chosen, layer.size)
        by_inputs[:, : whole.shape[1], : whole.shape[2]] = whole
        return by_inputs, {}

    return np.take_along_axis(cut, first, axis=3)[:, :, :, 0], backward


def windows(images: Array, size: int) -> Array:
    """Cut images into windows: (n, rows, columns, size · size, channels); a remainder at the border is dropped."""
    n, height, width, channels = images.shape
    rows, columns = height // size, width // size
    apart = images[:, : rows * size, : columns * size].reshape(n, rows, size, columns, size, channels)
    return apart.swapaxes(2, 3).reshape(n, rows, columns, size * size, channels)


def _images(cut: Array, size: int) -> Array:
    """Put windows together again: the inverse of `windows` but for the remainder."""
    n, rows, columns, _, channels = cut.shape
    apart = cut.reshape(n, rows, columns, size, size, channels).swapaxes(2, 3)
    return apart.reshape(n, rows * size, columns * size, channels)


def _flatten(_: Flatten, __: Parameters, inputs: Array) -> Applied:
    """Lay out height, width, channels, the last one fastest."""
    return inputs.reshape(len(inputs), -1), lambda gradient: (gradient.reshape(inputs.shape), {})


def _dense(layer: Dense, parameters: Parameters, inputs: Array) -> Applied:
    kernel = parameters["kernel"]

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        return gradient @ kernel.T, {"kernel": inputs.T @ gradient, "bias": gradient.sum(axis=0)}

    return _activated(layer.activation, inputs @ kernel + parameters["bias"], backward)


def _activated(activation: str | None, sums: Array, backward: Backward) -> Applied:
    if activation is None:
        return sums, backward
    outputs, slope = ACTIVATIONS[activation](sums)
    return outputs, lambda gradient: backward(gradient * slope)


def _relu(sums: Array) -> tuple[Array, NDArray[np.bool_]]:
    """max(0, x), whose slope at 0 is taken as 0, as the frameworks do."""
    return np.maximum(sums, 0), sums > 0


LAYERS: dict[type, Callable[[Any, Parameters, Array], Applied]] = {
    Conv2d: _conv2d,
    MaxPool2d: _max_pool2d,
    Flatten: _flatten,
    Dense: _dense,
}

ACTIVATIONS: dict[str, Callable[[Array], tuple[Array, Array | NDArray[np.bool_]]]] = {
    "relu": _relu,
}
"""Outputs and slopes of functions that work element by element."""
