"""How near each image comes to a kink: a relu's zero or a tie of two maxima, where rounding decides the gradient.

A sum of 1e-8 may be −1e-8 in float32. The logits hardly move, but the gradient takes or leaves a whole path: this
very code in float32 is 1.3e-4 off in one kernel of `matched` (seed 1, the first 128 images) and below 2e-6 without the
one image that is too near. An audit therefore feeds images that keep clear of kinks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.audit.reference import batch_norm
from orchestrator.audit.reference.arrays import Array, Images, Named, Parameters
from orchestrator.audit.reference.layers import apply
from orchestrator.audit.reference.network import images_in_float64, parameters_by_layer
from orchestrator.audit.reference.pooling import windows
from shared.recipe import BatchNorm, Conv2d, Dense, MaxPool2d, Recipe

EXACT = 1e-12
"""Relative distances below this are float64's own rounding of a true tie or zero, as an image's empty border makes
them: both sides of such a tie see equal inputs, so its gradient is the same whichever is chosen."""


def margins(recipe: Recipe, weights: Named, images: Images) -> Array:
    """Return each image's smallest distance from a kink, (n,): infinite where nothing comes near one.

    The images are one batch, as training would see it: where a layer normalises by the batch, each image's distance
    depends on the others. Distances are relative, so they compare with a precision (6e-8 is float32's). They hold for
    these weights; after a step there are others.
    """
    outputs = images_in_float64(recipe, images)
    nearest = np.full(len(outputs), np.inf)
    for layer, own in zip(recipe.layers, parameters_by_layer(recipe, weights), strict=True):
        if type(layer) in KINKS:
            nearest = np.minimum(nearest, KINKS[type(layer)](layer, own, outputs))
        outputs, _ = apply(layer, own, outputs, training=True)
    return nearest


def _relu_distance(layer: Conv2d | Dense, own: Parameters, inputs: Array) -> Array:
    """Return the distance of the nearest sum from relu's kink, relative to that sum's absolute terms.

    Those bound its rounding error, so a small sum of small terms, such as an empty border's, is as safe as a large one.
    """
    if layer.activation != "relu":
        return np.full(len(inputs), np.inf)
    plain, absolute = replace(layer, activation=None), {name: np.abs(array) for name, array in own.items()}
    sums, terms = apply(plain, own, inputs)[0], apply(plain, absolute, np.abs(inputs))[0]
    return _nearest_by_image(np.abs(sums), terms)


def _batch_norm_relu_distance(layer: BatchNorm, own: Parameters, inputs: Array) -> Array:
    """Return the same for batch norm, whose terms are the value and the mean, both scaled, and the shift."""
    if layer.activation != "relu":
        return np.full(len(inputs), np.inf)
    sums, _ = batch_norm.apply_in_training(replace(layer, activation=None), own, inputs)
    mean, variance, _ = batch_norm.moments(inputs)
    scale = np.abs(own["scale"]) / np.sqrt(variance + layer.epsilon)
    return _nearest_by_image(np.abs(sums), (np.abs(inputs) + np.abs(mean)) * scale + np.abs(own["shift"]))


def _max_pool_distance(layer: MaxPool2d, _: Parameters, inputs: Array) -> Array:
    """Return the distance of the nearest two largest elements of a window, relative to the image's largest."""
    if layer.size == 1:
        return np.full(len(inputs), np.inf)
    ordered = np.sort(windows(inputs, layer.size), axis=3)
    return _nearest_by_image(
        ordered[:, :, :, -1] - ordered[:, :, :, -2], np.abs(inputs).max(axis=(1, 2, 3), keepdims=True)
    )


def _nearest_by_image(distances: Array, scale: Array) -> Array:
    """Return each image's smallest distance in units of `scale`, without the zeros that float64 only rounds."""
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is such a zero
        relative = distances / scale
    counted = np.where(relative > EXACT, relative, np.inf).reshape(len(relative), -1)
    nearest: Array = counted.min(axis=1)
    return nearest


KINKS: dict[type, Callable[[Any, Parameters, Array], Array]] = {
    Conv2d: _relu_distance,
    BatchNorm: _batch_norm_relu_distance,
    Dense: _relu_distance,
    MaxPool2d: _max_pool_distance,
}
"""By layer type; what is smooth everywhere has no entry."""
