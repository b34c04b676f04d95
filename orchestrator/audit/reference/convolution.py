"""The convolution of a recipe in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from orchestrator.audit.reference.activations import apply_activation
from orchestrator.audit.reference.arrays import Applied, Array, Parameters
from shared.recipe import Conv2d

View = tuple[tuple[int, int], Array]


def conv2d(layer: Conv2d, parameters: Parameters, inputs: Array) -> Applied:
    """Correlate, as every framework's convolution does: the kernel is not flipped."""
    kernel, framed = parameters["kernel"], _pad(layer, inputs)
    seen_by_kernel = (np.tensordot(seen, kernel[at], axes=1) for at, seen in _shifted_views(layer, framed))
    sums = np.add(sum(seen_by_kernel), parameters.get("bias", 0))

    def backward(gradient: Array) -> tuple[Array, dict[str, Array]]:
        by_framed, by_kernel = np.zeros_like(framed), np.empty_like(kernel)
        for (at, seen), (_, spread) in zip(
            _shifted_views(layer, framed), _shifted_views(layer, by_framed), strict=True
        ):
            by_kernel[at] = np.tensordot(seen, gradient, axes=([0, 1, 2], [0, 1, 2]))
            spread += np.tensordot(gradient, kernel[at], axes=([3], [1]))
        own = {"kernel": by_kernel, "bias": gradient.sum(axis=(0, 1, 2))}
        return _crop(layer, by_framed, inputs), {name: own[name] for name in parameters}

    return apply_activation(layer.activation, sums, backward)


def _pad(layer: Conv2d, images: Array) -> Array:
    """Put the layer's zeros around images."""
    rows, columns = layer.borders(images.shape[1:])
    return np.pad(images, ((0, 0), rows, columns, (0, 0)))


def _crop(layer: Conv2d, framed: Array, images: Array) -> Array:
    (above, _), (before, _) = layer.borders(images.shape[1:])
    _, height, width, _ = images.shape
    return framed[:, above : above + height, before : before + width]


def _shifted_views(layer: Conv2d, framed: Array) -> Iterator[View]:
    """Yield what each element of the kernel sees: views into `framed`, one per row and column of the kernel.

    A matrix product for each costs a ninth of the memory of all 3x3 windows laid out at once.
    """
    height, width = framed.shape[1] - layer.kernel + 1, framed.shape[2] - layer.kernel + 1
    for row in range(layer.kernel):
        for column in range(layer.kernel):
            yield (
                (row, column),
                framed[:, row : row + height : layer.stride, column : column + width : layer.stride],
            )
