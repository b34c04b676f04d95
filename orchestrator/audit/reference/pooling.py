"""The poolings of a recipe in float64: windows that neither overlap nor reach over the border."""

from __future__ import annotations

import numpy as np

from orchestrator.audit.reference.arrays import Applied, Array, Parameters
from shared.recipe import AveragePool2d, MaxPool2d


def max_pool2d(layer: MaxPool2d, _: Parameters, inputs: Array) -> Applied:
    """Take each window's maximum. The gradient of a tie goes to its first maximum, row by row.

    At a relu's zeros the choice does not matter: the relu passes no gradient on there.
    """
    cut = windows(inputs, layer.size)
    first = cut.argmax(axis=3, keepdims=True)  # argmax returns the first of equals

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        chosen = np.zeros_like(cut)
        np.put_along_axis(chosen, first, gradient[:, :, :, None], axis=3)
        return _spread(chosen, layer.size, inputs), {}

    return np.take_along_axis(cut, first, axis=3)[:, :, :, 0], backward


def average_pool2d(layer: AveragePool2d, _: Parameters, inputs: Array) -> Applied:
    cut = windows(inputs, layer.size)

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        shares = np.broadcast_to(gradient[:, :, :, None] / layer.size**2, cut.shape)
        return _spread(shares, layer.size, inputs), {}

    return cut.mean(axis=3), backward


def windows(images: Array, size: int) -> Array:
    """Cut images into windows: (n, rows, columns, size · size, channels); a remainder at the border is dropped."""
    n, height, width, channels = images.shape
    rows, columns = height // size, width // size
    cut = images[:, : rows * size, : columns * size].reshape(n, rows, size, columns, size, channels)
    return cut.swapaxes(2, 3).reshape(n, rows, columns, size * size, channels)


def _spread(cut: Array, size: int, images: Array) -> Array:
    """Put windows back where they were cut from `images`: 0 at a remainder that no window covers."""
    n, rows, columns, _, channels = cut.shape
    images_of_windows = np.zeros_like(images)
    blocks = cut.reshape(n, rows, columns, size, size, channels).swapaxes(2, 3)
    images_of_windows[:, : rows * size, : columns * size] = blocks.reshape(n, rows * size, columns * size, channels)
    return images_of_windows
