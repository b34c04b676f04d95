"""The reference against a second implementation: plain loops over one image, written from the recipe's words alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist, fmean
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.audit.reference import forward
from orchestrator.audit.reference.tensor_error import compare
from orchestrator.spec import recipes
from shared.initial import Weights, arrays
from shared.recipe import AveragePool2d, BatchNorm, Conv2d, Dense, Flatten, Layer, MaxPool2d, Recipe, shapes

Nested = Any  # lists in lists: rows, columns, channels; or features


def naive_logits(recipe: Recipe, weights: Weights, image: np.ndarray) -> list[float]:
    found = {name: array.astype(np.float64) for name, array in weights}
    values: Nested = image.astype(np.float64).tolist()
    for index, layer in enumerate(recipe.layers):
        own = {name.split(".")[1]: array for name, array in found.items() if name.startswith(f"{index}.")}
        values = naive_layer(layer, values, own)
    return list(values)


def naive_layer(layer: Layer, values: Nested, own: dict[str, Nested]) -> Nested:
    if isinstance(layer, Conv2d):
        return naive_convolution(layer, values, own["kernel"], own["bias"])
    if isinstance(layer, MaxPool2d):
        return naive_pool(layer.size, values, max)
    if isinstance(layer, AveragePool2d):
        return naive_pool(layer.size, values, fmean)
    if isinstance(layer, Flatten):
        return [value for row in values for pixel in row for value in pixel]
    if isinstance(layer, BatchNorm):
        return [
            [[naive_norm(layer, own, at, value) for at, value in enumerate(pixel)] for pixel in row] for row in values
        ]
    assert isinstance(layer, Dense)
    kernel, bias = own["kernel"], own["bias"]
    sums = [
        bias[unit] + sum(value * kernel[at, unit] for at, value in enumerate(values)) for unit in range(layer.units)
    ]
    return [naive_activation(layer, value) for value in sums]


def naive_norm(layer: BatchNorm, own: dict[str, Nested], at: int, value: float) -> float:
    normal = (value - own["running_mean"][at]) / math.sqrt(own["running_variance"][at] + layer.epsilon)
    return naive_activation(layer, float(normal * own["scale"][at] + own["shift"][at]))


def naive_convolution(layer: Conv2d, values: Nested, kernel: Nested, bias: Nested) -> Nested:
    """Count outputs and zeros by ONNX's words for SAME_UPPER, not by the recipe's functions."""
    side, before = len(values), 0
    outputs = (side - layer.kernel) // layer.stride + 1
    if layer.padding == "same":
        outputs = math.ceil(side / layer.stride)
        before = max((outputs - 1) * layer.stride + layer.kernel - side, 0) // 2
    starts = [at * layer.stride - before for at in range(outputs)]
    return [
        [[naive_sum(layer, values, kernel, bias, row, column, at) for at in range(layer.filters)] for column in starts]
        for row in starts
    ]


def naive_sum(layer: Conv2d, values: Nested, kernel: Nested, bias: Nested, row: int, column: int, at: int) -> float:
    total = bias[at]
    for down in range(layer.kernel):
        for right in range(layer.kernel):
            if 0 <= row + down < len(values) and 0 <= column + right < len(values):
                for channel, value in enumerate(values[row + down][column + right]):
                    total += value * kernel[down, right, channel, at]
    return naive_activation(layer, float(total))


def naive_pool(size: int, values: Nested, of: Callable[[list[float]], float]) -> Nested:
    return [
        [
            [
                of([values[row + down][column + right][channel] for down in range(size) for right in range(size)])
                for channel in range(len(values[0][0]))
            ]
            for column in range(0, len(values[0]) - size + 1, size)
        ]
        for row in range(0, len(values) - size + 1, size)
    ]


def naive_activation(layer: Conv2d | Dense | BatchNorm, value: float) -> float:
    if layer.activation == "tanh":
        return math.tanh(value)
    if layer.activation == "gelu":
        return value * NormalDist().cdf(value)
    return max(0.0, value) if layer.activation == "relu" else value


ACTIVATED: st.SearchStrategy[Any] = st.sampled_from([None, "relu", "tanh", "gelu"])
PADDED: st.SearchStrategy[Any] = st.sampled_from(["valid", "same"])


@st.composite
def drawn_recipes(draw: st.DrawFn) -> Recipe:
    """Draw a network that fits 8x8 images: one or two convolutions, batch norm, pooling, one or two dense layers."""
    sizes = st.integers(1, 3)
    layers: list[Layer] = [
        Conv2d(draw(sizes), draw(sizes), activation=draw(ACTIVATED), stride=draw(sizes), padding=draw(PADDED))
        for _ in range(draw(st.integers(1, 2)))
    ]
    layers += [BatchNorm(0.9, 0.25, activation=draw(ACTIVATED)) for _ in range(draw(st.integers(0, 1)))]
    recipe = replace(recipes.load("matched-8x8"), layers=layers)
    assume(side := _side(recipe))
    layers += [draw(st.sampled_from([MaxPool2d, AveragePool2d]))(draw(st.integers(1, side))), Flatten()]
    layers += [Dense(draw(st.integers(1, 5)), activation=draw(ACTIVATED)) for _ in range(draw(st.integers(0, 1)))]
    return replace(recipe, layers=[*layers, Dense(10)])


def _side(recipe: Recipe) -> int:
    try:
        return shapes(recipe)[-1][0]
    except ValueError:
        return 0


@settings(max_examples=50)
@given(drawn_recipes(), st.integers(0, 2**32 - 1))
def test_a_networks_logits_are_those_of_plain_loops(recipe: Recipe, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weights: Weights = [(each.name, generator.standard_normal(each.shape, np.float32)) for each in arrays(recipe)]
    weights = [(name, np.abs(array) if name.endswith("variance") else array) for name, array in weights]
    images = generator.standard_normal((2, 8, 8, 1), np.float32)
    expected = np.array([naive_logits(recipe, weights, image) for image in images])
    assert compare("logits", forward(recipe, weights, images), expected).norm_relative_error < 1e-13
