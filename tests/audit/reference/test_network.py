"""The reference's network and its training: by hand, by differences, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import get_args, get_type_hints

import numpy as np
import pytest

from orchestrator.audit.reference import Arrays, Named, compare_all, evaluate, forward, train
from orchestrator.audit.reference.arrays import Array
from orchestrator.audit.reference.network import FORWARD_IMAGES, gradients
from orchestrator.audit.reference.optimizers import OPTIMIZERS, State
from orchestrator.audit.reference.tensor_error import compare
from orchestrator.spec import recipes
from shared.initial import shared_weights
from shared.recipe import Conv2d, Dense, Flatten, Layer, MaxPool2d, Recipe, Sgd


def linear(learning_rate: float = 0.5) -> Recipe:
    """One dense layer: what can be worked out by hand."""
    layers: list[Layer] = [Flatten(), Dense(10)]
    return replace(recipes.load("matched-8x8"), layers=layers, optimizer=Sgd(learning_rate))


def small() -> Recipe:
    """Every layer there is, with a remainder at the pooling (5x5 → 2x2) and relu after each sort of weights."""
    layers: list[Layer] = [
        Conv2d(3, 3, activation="relu"),
        Conv2d(2, 2, activation="relu"),
        MaxPool2d(2),
        Flatten(),
        Dense(5, activation="relu"),
        Dense(10),
    ]
    return replace(recipes.load("matched-8x8"), layers=layers)


def zeros() -> Arrays:
    return [("1.kernel", np.zeros((64, 10))), ("1.bias", np.zeros(10))]


def one_pixel(at: int, value: float) -> np.ndarray:
    """An 8x8 image that is 0 but for one pixel, so that one row of the kernel counts."""
    image = np.zeros((1, 64))
    image[0, at] = value
    return image.reshape(1, 8, 8, 1)


def batch(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.standard_normal((n, 8, 8, 1)), generator.integers(0, 10, n)


def weights_of(recipe: Recipe, seed: int) -> Arrays:
    """Weights whose biases are not 0, so that a forgotten bias shows."""
    generator = np.random.default_rng(seed)
    return [(name, generator.normal(0, 0.5, array.shape)) for name, array in shared_weights(recipe, seed)]


def moved(weights: Arrays, name: str, index: tuple[int, ...], by: float) -> Arrays:
    found = {other: array.copy() for other, array in weights}
    found[name][index] += by
    return list(found.items())


def test_an_untrained_linear_layers_gradients_by_hand() -> None:
    images = np.concatenate([one_pixel(9, 2.0), one_pixel(9, 4.0)])
    (_, by_kernel), (_, by_bias) = gradients(linear(), zeros(), images, np.array([3, 5])).arrays
    expected = np.full(10, 0.1)
    expected[[3, 5]] = 0.1 - 0.5  # half of the images are of either class
    np.testing.assert_allclose(by_bias, expected, rtol=1e-15)
    expected = np.full(10, (2 + 4) * 0.1 / 2)
    expected[3] -= 2 / 2
    expected[5] -= 4 / 2
    np.testing.assert_allclose(by_kernel[9], expected, rtol=1e-15)
    assert not np.delete(by_kernel, 9, axis=0).any()


def test_two_steps_of_sgd_by_hand() -> None:
    """With p the label's probability and rate 1/2: its logit's bias gains (1 − p)/2, each other one loses (1 − p)/18.

    The pixel is 1, so its weights move as the biases do. After a step the label's logit is 0.9 and the
    others' −0.1, a difference of 1.
    """
    one = (one_pixel(0, 1.0), np.array([7]))
    first, second = (step.weights for step in train(linear(0.5), zeros(), [one, one]))
    assert dict(first)["1.bias"][7] == pytest.approx(0.45, rel=1e-15)
    assert dict(first)["1.bias"][0] == pytest.approx(-0.05, rel=1e-15)
    assert dict(second)["1.bias"][7] == pytest.approx(0.45 + 0.5 * 9 / (math.e + 9), rel=1e-14)
    assert dict(second)["1.bias"][0] == pytest.approx(-0.05 - 0.5 * 1 / (math.e + 9), rel=1e-14)
    np.testing.assert_array_equal(dict(second)["1.kernel"][0], dict(second)["1.bias"])
    assert not dict(second)["1.kernel"][1:].any()


def test_a_steps_loss_is_that_of_the_weights_before_it() -> None:
    one = (one_pixel(0, 1.0), np.array([7]))
    first, second = train(linear(0.5), zeros(), [one, one])
    assert first.loss == pytest.approx(math.log(10), rel=1e-15)
    assert second.loss == pytest.approx(math.log((math.e + 9) / math.e), rel=1e-14)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_weights_gradient_is_the_losss_difference(seed: int) -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, seed), batch(seed, 4)

    def loss(name: str, index: tuple[int, ...], by: float) -> float:
        return evaluate(forward(recipe, moved(weights, name, index, by), images), labels).loss

    found = gradients(recipe, weights, images, labels)
    assert [name for name, _ in found.arrays] == [name for name, _ in weights]
    for name, array in found.arrays:
        assert np.abs(array).max() > 1e-4, f"a gradient of 0 by {name} would prove nothing"
        for index in np.ndindex(*array.shape):
            difference = (loss(name, index, 1e-5) - loss(name, index, -1e-5)) / 2e-5
            assert array[index] == pytest.approx(difference, abs=1e-9), (name, index)


def test_gradients_and_forward_tell_the_same_loss() -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, 1), batch(1, 4)
    told = evaluate(forward(recipe, weights, images), labels)
    assert gradients(recipe, weights, images, labels).loss == told.loss


def test_a_batchs_gradient_is_the_mean_of_its_images_gradients() -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, 5), batch(5, 3)
    alone = [gradients(recipe, weights, images[at : at + 1], labels[at : at + 1]).arrays for at in range(3)]
    mean = [(name, np.mean([dict(each)[name] for each in alone], axis=0)) for name, _ in weights]
    found = gradients(recipe, weights, images, labels).arrays
    assert max(each.norm_relative_error for each in compare_all(found, mean)) < 1e-14


def test_many_images_go_forward_as_one_at_a_time() -> None:
    recipe = linear()
    weights, (images, _) = weights_of(recipe, 6), batch(6, FORWARD_IMAGES + 1)
    alone = np.concatenate([forward(recipe, weights, images[at : at + 1]) for at in range(len(images))])
    found = forward(recipe, weights, images)
    assert found.shape == (FORWARD_IMAGES + 1, 10)
    assert compare("logits", found, alone).norm_relative_error < 1e-15


@dataclass(frozen=True)
class HeavyBall:
    """v ← v / 2 + gradient, w ← w − v: an optimiser that no recipe has."""


def heavy_ball(_: HeavyBall, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    velocity = state.get("velocity", np.zeros_like(weight)) / 2 + gradient
    return weight - velocity, {"velocity": velocity}


def test_an_optimizer_is_one_entry_and_remembers_each_tensor_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, HeavyBall, heavy_ball)
    recipe = replace(linear(), optimizer=HeavyBall())  # type: ignore[arg-type]
    first, second = train(recipe, zeros(), [(one_pixel(0, 2.0), np.array([7]))] * 2)
    for name, before in first.weights:
        expected = before - (dict(first.gradients)[name] / 2 + dict(second.gradients)[name])
        np.testing.assert_allclose(dict(second.weights)[name], expected, rtol=1e-15, err_msg=name)


def test_a_step_changes_nothing_that_the_caller_holds() -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, 7), batch(7, 2)
    copies = [array.copy() for array in (images, *(array for _, array in weights))]
    first, second = (step.weights for step in train(recipe, weights, [(images, labels)] * 2))
    for held, copy in zip((images, *(array for _, array in weights)), copies, strict=True):
        np.testing.assert_array_equal(held, copy)
    assert not np.array_equal(dict(first)["0.kernel"], dict(second)["0.kernel"])


def test_float32_weights_and_images_are_taken_as_the_float64_numbers_that_they_are() -> None:
    recipe = small()
    weights, (images, labels) = shared_weights(recipe, 8), batch(8, 2)
    single = images.astype(np.float32)
    exact = [(name, array.astype(np.float64)) for name, array in weights]
    found = gradients(recipe, weights, single, labels)
    assert found.loss == gradients(recipe, exact, single.astype(np.float64), labels).loss
    assert {array.dtype for _, array in found.arrays} == {np.dtype(np.float64)}
    assert forward(recipe, weights, single).dtype == np.float64


def test_training_on_one_batch_learns_it() -> None:
    recipe = replace(small(), optimizer=Sgd(0.3))
    losses = [step.loss for step in train(recipe, weights_of(recipe, 9), [batch(9, 4)] * 60)]
    assert losses[-1] < 0.1 < 1 < losses[0]


def test_the_published_matched_recipe_goes_there_and_back_at_its_own_size() -> None:
    recipe = recipes.load("matched")
    weights = shared_weights(recipe, 1)
    images = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    (after,) = (step.weights for step in train(recipe, weights, [(images, np.array([0, 1]))]))
    assert [(name, array.shape) for name, array in after] == [(name, array.shape) for name, array in weights]


def planted(trap: str, recipe: Recipe, weights: Named, images: np.ndarray, labels: np.ndarray) -> Arrays:
    """Return gradients as a worker with a mistake would send them."""
    if trap == "flatten by channels":
        kernel = dict(weights)["4.kernel"].reshape(2, 2, 2, -1).transpose(2, 0, 1, 3).reshape(8, -1)
        return gradients(recipe, list({**dict(weights), "4.kernel": kernel}.items()), images, labels).arrays
    factor = len(labels) if trap == "sum for mean" else 1
    return [(name, factor * array) for name, array in gradients(recipe, weights, images, labels).arrays]


@pytest.mark.parametrize(("trap", "seen"), [("none", False), ("flatten by channels", True), ("sum for mean", True)])
def test_a_planted_mistake_is_far_outside_float32s_rounding(trap: str, seen: bool) -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, 10), batch(10, 4)
    expected = gradients(recipe, weights, images, labels).arrays
    found = compare_all(planted(trap, recipe, weights, images, labels), expected)
    assert (max(each.norm_relative_error for each in found) > 0.1) is seen


def test_every_optimizer_of_a_recipe_has_a_reference() -> None:
    named = get_type_hints(Recipe)["optimizer"]
    assert set(get_args(named) or (named,)) <= OPTIMIZERS.keys()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([("1.kernel", np.zeros((64, 10))), ("1.bias", np.zeros(1))], r"1\.bias: \(1,\), expected \(10,\)"),
        ([("1.kernel", np.zeros((10, 64))), ("1.bias", np.zeros(10))], r"1\.kernel: \(10, 64\), expected \(64, 10\)"),
        ([("1.kernel", np.zeros((64, 10)))], r"1\.bias: None, expected \(10,\)"),
        ([*zeros(), ("2.bias", np.zeros(10))], r"2\.bias: \(10,\), expected None"),
    ],
    ids=["a bias to broadcast", "a turned kernel", "a missing bias", "one too many"],
)
def test_weights_of_another_network_are_refused_by_name(weights: Arrays, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forward(linear(), weights, np.zeros((1, 8, 8, 1)))


@pytest.mark.parametrize("shape", [(1, 8, 8), (8, 8, 1), (1, 1, 8, 8), (1, 28, 28, 1), (0, 8, 8, 1)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"matched-8x8 takes \(n, 8, 8, 1\)"):
        gradients(linear(), zeros(), np.zeros(shape), np.zeros(shape[0], np.int64))
