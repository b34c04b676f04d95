"""How near an image comes to a kink, by hand, and that it is what the gradient of an honest float32 depends on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from orchestrator.audit.reference import Arrays, margins
from orchestrator.audit.reference.network import FORWARD_IMAGES, gradients
from orchestrator.audit.reference.tensor_error import compare
from orchestrator.spec import recipes
from shared.recipe import BatchNorm, Conv2d, Dense, Flatten, Layer, MaxPool2d, Recipe

FIRST = Dense(2, activation="relu")


def network(*layers: Layer) -> Recipe:
    return replace(recipes.load("matched-8x8"), layers=list(layers))


def two_units(kernel: float, bias: float) -> Arrays:
    """The first unit sees the first pixel, the second only its bias of 1."""
    first = np.zeros((64, 2))
    first[0, 0] = kernel
    last = np.eye(2, 10)
    return [("1.kernel", first), ("1.bias", np.array([bias, 1])), ("2.kernel", last), ("2.bias", np.zeros(10))]


def pixels(*values: float) -> np.ndarray:
    """An image for each value, which its first pixel has; the others are 0."""
    images = np.zeros((len(values), 8, 8, 1))
    images[:, 0, 0, 0] = values
    return images


def pooled(*layers: Layer) -> Recipe:
    return network(*layers, Flatten(), Dense(10))


def head(inputs: int, index: int = 2) -> Arrays:
    return [(f"{index}.kernel", np.zeros((inputs, 10))), (f"{index}.bias", np.zeros(10))]


def test_a_sums_margin_is_its_share_of_its_absolute_terms() -> None:
    recipe = network(Flatten(), FIRST, Dense(10))
    found = margins(recipe, two_units(3, -2.5), pixels(1, 2, -1))
    assert found.tolist() == [0.5 / 5.5, 3.5 / 8.5, 1]  # |3 − 2.5| of 3 + 2.5; |6 − 2.5| of 8.5; −3 and −2.5 agree


@pytest.mark.parametrize(("kernel", "bias", "pixel"), [(-3, -2.5, -1), (3, -3.5, 1)], ids=["above 0", "below 0"])
def test_a_kink_is_as_near_from_either_side_and_for_any_signs(kernel: float, bias: float, pixel: float) -> None:
    recipe = network(Flatten(), FIRST, Dense(10))
    assert margins(recipe, two_units(kernel, bias), pixels(pixel)).tolist() == [0.5 / (3 - bias)]


def test_a_layer_without_relu_has_no_kink() -> None:
    recipe = network(Flatten(), replace(FIRST, activation=None), Dense(10))
    assert margins(recipe, two_units(3, -2.999), pixels(1)).tolist() == [math.inf]


@pytest.mark.parametrize(("kernel", "bias"), [(0, 0), (3, -3), (0.1, -0.1 + 1e-17)])
def test_a_zero_that_everybody_computes_alike_is_no_kink(kernel: float, bias: float) -> None:
    recipe = network(Flatten(), FIRST, Dense(10))
    assert margins(recipe, two_units(kernel, bias), pixels(1)).tolist() == [1]  # the second unit's, its bias alone


def test_a_windows_margin_is_the_lead_of_its_largest_relative_to_the_image() -> None:
    image = np.zeros((1, 8, 8, 1))
    image[0, 0, :2, 0] = 4, 3
    image[0, 7, 7, 0] = -8
    image[0, 7, 6, 0] = 7  # leads by 7 − 0
    assert margins(pooled(MaxPool2d(2)), head(16), image).tolist() == [1 / 8]


def test_ties_and_windows_of_one_are_no_kinks() -> None:
    same = np.full((1, 8, 8, 1), 3.0)
    assert margins(pooled(MaxPool2d(2)), head(16), same).tolist() == [math.inf]
    assert margins(pooled(MaxPool2d(1)), head(64), pixels(3)).tolist() == [math.inf]


def test_a_convolutions_nearest_sum_counts_wherever_it_is() -> None:
    recipe = pooled(Conv2d(1, 1, activation="relu"))
    weights = [("0.kernel", np.ones((1, 1, 1, 1))), ("0.bias", np.array([-1.0])), *head(64)]
    image = np.full((1, 8, 8, 1), 9.0)
    image[0, 5, 3, 0] = 1.5
    assert margins(recipe, weights, image).tolist() == [0.5 / 2.5]


def test_each_image_has_a_margin_of_its_own_however_many_there_are() -> None:
    recipe = network(Flatten(), FIRST, Dense(10))
    found = margins(recipe, two_units(3, -2.5), pixels(*[2] * FORWARD_IMAGES, 1))
    assert found.tolist() == [3.5 / 8.5] * FORWARD_IMAGES + [0.5 / 5.5]


@pytest.mark.parametrize(("bias", "hurt"), [(-3 + 1e-9, True), (-2.5, False)], ids=["at a kink", "clear of kinks"])
def test_rounding_moves_a_gradient_at_a_kink_only(bias: float, hurt: bool) -> None:
    recipe = network(Flatten(), FIRST, Dense(10))
    exact, rounded = two_units(3, bias), two_units(3, bias - 2e-9)
    label = np.array([5])
    found, expected = (dict(gradients(recipe, each, pixels(1), label).arrays)["1.kernel"] for each in (rounded, exact))
    assert (compare("1.kernel", found, expected).norm_relative_error > 0.1) is hurt
    assert (margins(recipe, exact, pixels(1))[0] < 1e-9) is np.bool_(hurt)


def test_batch_norms_margin_is_an_images_distance_from_the_mean_of_its_company() -> None:
    recipe = network(Flatten(), BatchNorm(0.9, 1e-5, activation="relu"), Dense(10))
    ones, zeros = np.ones(64), np.zeros(64)
    weights = [
        ("1.scale", ones),
        ("1.shift", zeros),
        ("1.running_mean", zeros),
        ("1.running_variance", ones),
        *head(64),
    ]
    found = margins(recipe, weights, pixels(1, 2, 6))  # their mean is 3; the other pixels are 0 and stay 0
    assert found == pytest.approx([2 / 4, 1 / 5, 3 / 9])
    assert margins(recipe, weights, pixels(1, 2, 3))[0] == pytest.approx(1 / 3)  # of another mean, 2
