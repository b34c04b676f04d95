"""The reference trains the first steps along the order that seed and recipe give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.audit.first_losses import STEPS, first_losses
from shared import mnist
from shared.initial import shared_weights
from shared.order import shuffled
from shared.recipe import BatchNorm, Dense, Dropout, Flatten, Layer, Recipe, Slice
from tests.support.streams import SMALL

IMAGES = 10
RECIPE = replace(
    SMALL,
    data=replace(SMALL.data, train=Slice("train", 0, IMAGES)),
    training=replace(SMALL.training, batch_size=4, order="shared"),
    initial=replace(SMALL.initial, draw="shared"),
)


@pytest.fixture(scope="module")
def data() -> mnist.Mnist:
    drawn = np.random.default_rng(0)
    images = drawn.integers(0, 256, (IMAGES, 8, 8), np.uint8)
    labels = drawn.integers(0, 10, IMAGES).astype(np.uint8)
    return mnist.Mnist(images, labels, images, labels, "")


def by_hand(data: mnist.Mnist, indices: Any, kernel: Any, bias: Any) -> tuple[float, Any, Any]:
    """Return the loss of one dense layer on images, and its gradients."""
    images = mnist.scale(data.train_images[indices], 0.0, 1.0).reshape(len(indices), -1).astype(np.float64)
    logits = images @ kernel + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    hit = np.eye(10)[data.train_labels[indices]]
    off = (shares - hit) / len(indices)
    return float(-np.log((shares * hit).sum(axis=1)).mean()), images.T @ off, off.sum(axis=0)


def test_each_loss_is_of_the_orders_next_batch_after_a_step_on_each_one_before(data: mnist.Mnist) -> None:
    order, after = (shuffled(IMAGES, 1, epoch).indices for epoch in (1, 2))
    kernel, bias = (array.astype(np.float64) for _, array in shared_weights(RECIPE, 1))
    expected = []
    for batch in (order[:4], order[4:8], order[8:], after[:4]):  # an epoch's last one is smaller
        loss, by_kernel, by_bias = by_hand(data, batch, kernel, bias)
        kernel, bias = kernel - 0.01 * by_kernel, bias - 0.01 * by_bias
        expected.append(loss)
    assert first_losses(RECIPE, 1, data) == pytest.approx(expected, rel=1e-12)


def test_another_seed_and_the_files_order_give_other_losses(data: mnist.Mnist) -> None:
    in_order = replace(RECIPE, training=replace(RECIPE.training, order="sequential"))
    found = {first_losses(recipe, seed, data) for recipe, seed in ((RECIPE, 1), (RECIPE, 2), (in_order, 1))}
    assert len(found) == 3


def test_a_few_losses_are_enough(data: mnist.Mnist) -> None:
    one_by_one = replace(RECIPE, training=replace(RECIPE.training, batch_size=1))
    assert len(first_losses(one_by_one, 1, data)) == STEPS


def test_a_training_of_fewer_steps_has_as_many_losses(data: mnist.Mnist) -> None:
    short = replace(RECIPE, training=replace(RECIPE.training, batch_size=IMAGES, epochs=1))
    assert len(first_losses(short, 1, data)) == 1


def test_a_batch_norm_takes_the_moments_of_the_whole_batch_to_the_last_loss(data: mnist.Mnist) -> None:
    layers: list[Layer] = [Flatten(), Dense(4), BatchNorm(0.9, 1e-3), Dense(10)]
    recipe = replace(RECIPE, layers=layers, training=replace(RECIPE.training, batch_size=IMAGES, epochs=1))
    (loss,) = first_losses(recipe, 1, data)
    weights = dict(shared_weights(recipe, 1))
    images = mnist.scale(data.train_images[shuffled(IMAGES, 1, 1).indices], 0.0, 1.0).reshape(IMAGES, -1)
    hidden = images.astype(np.float64) @ weights["1.kernel"] + weights["1.bias"]
    normal = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-3)
    logits = normal @ weights["3.kernel"] + weights["3.bias"]
    labels = data.train_labels[shuffled(IMAGES, 1, 1).indices]
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(IMAGES), labels]
    assert loss == pytest.approx(expected.mean(), rel=1e-9)


@pytest.mark.parametrize(
    "recipe",
    [
        replace(RECIPE, layers=[Flatten(), Dropout(0.5), Dense(10)]),
        replace(RECIPE, initial=replace(RECIPE.initial, draw="framework")),
        replace(RECIPE, training=replace(RECIPE.training, order="framework")),
    ],
)
def test_what_each_framework_draws_itself_cannot_be_known(recipe: Recipe, data: mnist.Mnist) -> None:
    assert first_losses(recipe, 1, data) == ()
