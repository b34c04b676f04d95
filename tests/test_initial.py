"""The first weights' distributions and the hash that tells equal starts apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator import recipes
from shared.initial import bounds, digest, weighted
from shared.recipe import Conv2d, Dense, Initial

CONV = Conv2d(filters=64, kernel=3)


def test_glorot_counts_both_fans_of_a_convolution_and_leaves_biases_at_zero() -> None:
    # fan_in 3 * 3 * 32 = 288, fan_out 3 * 3 * 64 = 576
    assert bounds(Initial("glorot_uniform"), CONV, (26, 26, 32)) == (math.sqrt(6 / 864), 0.0)


def test_fan_in_gives_kernels_and_biases_the_same_bound() -> None:
    assert bounds(Initial("fan_in_uniform"), CONV, (6, 6, 32)) == (1 / math.sqrt(288), 1 / math.sqrt(288))
    assert bounds(Initial("fan_in_uniform"), Dense(10), (1024,)) == (1 / 32, 1 / 32)


def test_weighted_layers_come_with_their_index_and_input_shape() -> None:
    found = [(index, type(layer), shape) for index, layer, shape in weighted(recipes.load("article-torch"))]
    assert found == [(0, Conv2d, (8, 8, 1)), (1, Conv2d, (6, 6, 32)), (4, Dense, (1024,))]


@pytest.mark.parametrize(
    "other",
    [
        [("0.kernel", np.zeros((2, 3), np.float32)), ("0.bias", np.full(3, 1e-45, np.float32))],
        [("0.kernel", np.zeros((3, 2), np.float32)), ("0.bias", np.zeros(3, np.float32))],
        [("1.kernel", np.zeros((2, 3), np.float32)), ("0.bias", np.zeros(3, np.float32))],
    ],
    ids=["a value", "a shape", "a name"],
)
def test_the_digest_tells_apart_what_differs(other: list[tuple[str, np.ndarray]]) -> None:
    same = [("0.kernel", np.zeros((2, 3), np.float32)), ("0.bias", np.zeros(3, np.float32))]
    assert digest(same) == digest([(name, np.asfortranarray(array)) for name, array in same])
    assert digest(same) != digest(other)
