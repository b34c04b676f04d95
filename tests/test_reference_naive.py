"""The reference against a second implementation: plain loops over one image, written from the recipe's words alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import recipes
from orchestrator.reference import compare, forward
from shared.initial import Weights, kernel_shape, weighted
from shared.recipe import Conv2d, Dense, Flatten, Layer, MaxPool2d, Recipe

Nested = Any  # lists in lists: rows, columns, channels; or features


def naive_logits(recipe: Recipe, weights: Weights, image: np.ndarray) -> list[float]:
    arrays = {name: array.astype(np.float64) for name, array in weights}
    values: Nested = image.astype(np.float64).tolist()
    for index, layer in enumerate(recipe.layers):
        values = naive_layer(layer, values, arrays.get(f"{index}.kernel"), arrays.get(f"{index}.bias"))
    return list(values)


def naive_layer(layer: Layer, values: Nested, kernel: Nested, bias: Nested) -> Nested:
    if isinstance(layer, Conv2d):
        return naive_convolution(layer, values, kernel, bias)
    if isinstance(layer, MaxPool2d):
        return naive_pool(layer.size, values)
    if isinstance(layer, Flatten):
        return [value for row in values for pixel in row for value in pixel]
    sums = [
        bias[unit] + sum(value * kernel[at, unit] for at, value in enumerate(values)) for unit in range(layer.units)
    ]
    return [naive_activation(layer, value) for value in sums]


def naive_convolution(layer: Conv2d, values: Nested, kernel: Nested, bias: Nested) -> Nested:
    return [
        [
            [naive_sum(layer, values, kernel, bias, row, column, at) for at in range(layer.filters)]
            for column in range(len(values[0]) - layer.kernel + 1)
        ]
        for row in range(len(values) - layer.kernel + 1)
    ]


def naive_sum(layer: Conv2d, values: Nested, kernel: Nested, bias: Nested, row: int, column: int, at: int) -> float:
    total = bias[at]
    for down in range(layer.kernel):
        for right in range(layer.kernel):
            for channel, value in enumerate(values[row + down][column + right]):
                total += value * kernel[down, right, channel, at]
    return naive_activation(layer, float(total))


def naive_pool(size: int, values: Nested) -> Nested:
    return [
        [
            [
                max(values[row + down][column + right][channel] for down in range(size) for right in range(size))
                for channel in range(len(values[0][0]))
            ]
            for column in range(0, len(values[0]) - size + 1, size)
        ]
        for row in range(0, len(values) - size + 1, size)
    ]


def naive_activation(layer: Conv2d | Dense, value: float) -> float:
    return max(0.0, value) if layer.activation == "relu" else value


ACTIVATED: st.SearchStrategy[Any] = st.sampled_from([None, "relu"])


@st.composite
def drawn_recipes(draw: st.DrawFn) -> Recipe:
    """Draw a network that fits 8x8 images: one or two convolutions, pooling, one or two dense layers."""
    layers: list[Layer] = [
        Conv2d(draw(st.integers(1, 3)), draw(st.integers(1, 3)), activation=draw(ACTIVATED))
        for _ in range(draw(st.integers(1, 2)))
    ]
    layers += [MaxPool2d(draw(st.integers(1, 4))), Flatten()]
    layers += [Dense(draw(st.integers(1, 5)), activation=draw(ACTIVATED)) for _ in range(draw(st.integers(0, 1)))]
    return replace(recipes.load("matched-8x8"), layers=[*layers, Dense(10)])


@settings(max_examples=25, deadline=None)
@given(drawn_recipes(), st.integers(0, 2**32 - 1))
def test_a_networks_logits_are_those_of_plain_loops(recipe: Recipe, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weights: Weights = []
    for index, layer, shape in weighted(recipe):
        kernel = kernel_shape(layer, shape)
        weights.append((f"{index}.kernel", generator.standard_normal(kernel, np.float32)))
        weights.append((f"{index}.bias", generator.standard_normal(kernel[-1:], np.float32)))
    images = generator.standard_normal((2, 8, 8, 1), np.float32)
    expected = np.array([naive_logits(recipe, weights, image) for image in images])
    assert compare("logits", forward(recipe, weights, images), expected).norm_relative_error < 1e-13
