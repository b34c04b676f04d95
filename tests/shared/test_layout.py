"""Weights in channels-first layout and back, beside a convolution and a product written out."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.spec import recipes
from shared.initial import shared_weights
from shared.layout import from_channels_first, to_channels_first
from shared.recipe import Recipe, shapes
from tests.support import paths

RECIPES = [recipes.load("article-torch"), recipes.load(str(paths.ZOO))]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_is_the_inverse_of_the_other(recipe: Recipe) -> None:
    for name, array in shared_weights(recipe, seed=1):
        there = to_channels_first(recipe, name, array)
        assert np.array_equal(from_channels_first(recipe, name, there), array), name
        assert there.flags.c_contiguous


def test_a_kernel_is_out_in_height_width() -> None:
    weights = dict(shared_weights(RECIPES[0], seed=1))
    kernel = to_channels_first(RECIPES[0], "1.kernel", weights["1.kernel"])
    assert kernel.shape == (64, 32, 3, 3)
    assert kernel[5, 7, 1, 2] == weights["1.kernel"][1, 2, 7, 5]


def test_a_dense_layer_after_a_flatten_gives_the_same_sums_for_an_image_whose_channels_come_first() -> None:
    recipe = RECIPES[0]
    (dense,) = [at for at, layer in enumerate(recipe.layers) if layer.type == "dense"]
    kernel = dict(shared_weights(recipe, seed=1))[f"{dense}.kernel"]
    image = np.random.default_rng(1).normal(size=shapes(recipe)[dense - 1])
    ours = image.ravel() @ kernel
    theirs = to_channels_first(recipe, f"{dense}.kernel", kernel) @ image.transpose(2, 0, 1).ravel()
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_a_bias_lies_the_same_in_both() -> None:
    weights = dict(shared_weights(RECIPES[0], seed=1))
    assert np.array_equal(to_channels_first(RECIPES[0], "1.bias", weights["1.bias"]), weights["1.bias"])
