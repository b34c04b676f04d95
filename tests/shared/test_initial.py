"""The first weights' distributions and the hash that tells equal starts apart."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.spec import recipes
from shared.initial import arrays, digest, layers_with_weights, ranges, shared_weights
from shared.recipe import BatchNorm, Conv2d, Dense, Flatten, Initial, Layer

GLOROT = replace(recipes.load("matched-8x8"), initial=Initial("glorot_uniform", "shared"))
GLOROT_8X8_SEED_1 = "7e9cd06ef0a906285c99821e78084d09c3b1191a36e5c40561028c21dea02ca9"
CONV = Conv2d(filters=64, kernel=3)


def test_glorot_counts_both_fans_of_a_convolution_and_leaves_biases_at_zero() -> None:
    # fan_in 3 * 3 * 32 = 288, fan_out 3 * 3 * 64 = 576
    bound = math.sqrt(6 / 864)
    assert ranges(Initial("glorot_uniform"), CONV, (26, 26, 32)) == {"kernel": (-bound, bound), "bias": (0.0, 0.0)}


def test_fan_in_gives_kernels_and_biases_the_same_bound() -> None:
    for layer, shape, bound in ((CONV, (6, 6, 32), 1 / math.sqrt(288)), (Dense(10), (1024,), 1 / 32)):
        found = ranges(Initial("fan_in_uniform"), layer, shape)
        assert found == {"kernel": (-bound, bound), "bias": (-bound, bound)}


@pytest.mark.parametrize("distribution", ["glorot_uniform", "fan_in_uniform"])
def test_batch_norm_starts_by_changing_nothing_whatever_the_distribution(distribution: Any) -> None:
    recipe = recipes.load("matched-8x8")
    layers: list[Layer] = [Flatten(), BatchNorm(0.9, 1e-5), Dense(10)]
    start = dict(shared_weights(replace(recipe, layers=layers, initial=Initial(distribution, "shared")), seed=1))
    assert list(start)[:4] == ["1.scale", "1.shift", "1.running_mean", "1.running_variance"]
    assert [set(start[name].tolist()) for name in list(start)[:4]] == [{1.0}, {0.0}, {0.0}, {1.0}]
    assert not np.signbit(start["1.shift"]).any()


def test_a_statistic_is_not_trained_and_a_layer_without_bias_has_none() -> None:
    layers: list[Layer] = [Conv2d(2, 3, bias=False), BatchNorm(0.9, 1e-5), Flatten(), Dense(10)]
    found = {each.name: each.trained for each in arrays(replace(recipes.load("matched-8x8"), layers=layers))}
    assert found == {
        "0.kernel": True,
        "1.scale": True,
        "1.shift": True,
        "1.running_mean": False,
        "1.running_variance": False,
        "3.kernel": True,
        "3.bias": True,
    }


def test_weighted_layers_come_with_their_index_and_input_shape() -> None:
    found = [(index, type(layer), shape) for index, layer, shape in layers_with_weights(recipes.load("article-torch"))]
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
    assert digest(shared_weights(GLOROT, seed=1)) == GLOROT_8X8_SEED_1


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
    bias = dict(shared_weights(GLOROT, seed=1))["0.bias"]
    assert not bias.any()
    assert not np.signbit(bias).any()


def test_another_seed_draws_other_weights() -> None:
    recipe = recipes.load("matched-8x8")
    assert digest(shared_weights(recipe, 1)) != digest(shared_weights(recipe, 2))
