"""The first weights' distributions and the hash that tells equal starts apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orchestrator import recipes
from shared.initial import bounds, digest, shared_weights, weighted
from shared.recipe import Conv2d, Dense, Initial

MATCHED_8X8_SEED_1 = "7e9cd06ef0a906285c99821e78084d09c3b1191a36e5c40561028c21dea02ca9"
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


def test_shared_weights_are_the_same_for_ever() -> None:
    assert digest(shared_weights(recipes.load("matched-8x8"), seed=1)) == MATCHED_8X8_SEED_1


def test_shared_weights_have_every_layers_shape_and_stay_within_its_bound() -> None:
    recipe = recipes.load("article-torch")
    found = dict(shared_weights(recipe, seed=3))
    assert {name: array.shape for name, array in found.items()} == {
        "0.kernel": (3, 3, 1, 32),
        "0.bias": (32,),
        "1.kernel": (3, 3, 32, 64),
        "1.bias": (64,),
        "4.kernel": (1024, 10),
        "4.bias": (10,),
    }
    bound = 1 / math.sqrt(288)
    assert 0.99 * bound < np.abs(found["1.kernel"]).max() <= np.float32(bound)
    assert abs(found["1.kernel"].mean()) < bound / 50


def test_a_bias_that_starts_at_zero_is_plus_zero() -> None:
    bias = dict(shared_weights(recipes.load("matched-8x8"), seed=1))["0.bias"]
    assert not bias.any()
    assert not np.signbit(bias).any()


def test_another_seed_draws_other_weights() -> None:
    recipe = recipes.load("matched-8x8")
    assert digest(shared_weights(recipe, 1)) != digest(shared_weights(recipe, 2))
