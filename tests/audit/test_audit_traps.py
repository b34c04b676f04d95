"""Mistakes that real frameworks' defaults make, played by a worker that computes them, and caught by the audit.

The mistakes of the network (flatten, softmax, the sum for the mean) stand in `test_audit.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.audit.audit import Expected, compute_expected
from orchestrator.audit.reference import batch_norm
from orchestrator.audit.reference.arrays import Array, Parameters
from orchestrator.audit.reference.layers import IN_TRAINING, STATISTICS
from orchestrator.audit.reference.optimizers import OPTIMIZERS, State
from orchestrator.spec import recipes
from shared import mnist
from shared.initial import shared_weights
from shared.recipe import Adam, AdamW, BatchNorm, Conv2d, Dense, Flatten, Layer, Optimizer, Recipe, RmsProp, Sgd
from tests.audit.test_audit import computed, disagreeing

MATCHED = recipes.load("matched-8x8")
LAYERS: list[Layer] = [Conv2d(4, 3, stride=2, padding="same", activation="relu"), Flatten(), Dense(10)]
NORMAL: list[Layer] = [Flatten(), Dense(12, bias=False), BatchNorm(0.9, 1e-5, activation="relu"), Dense(10)]

MOMENTUM = Sgd(0.01, momentum=0.9)
NESTEROV = replace(MOMENTUM, nesterov=True)
ADAM = Adam(0.001, 0.9, 0.999, 1e-7)  # Keras' epsilon
ADAMW = AdamW(0.001, 0.9, 0.999, 1e-8, 0.01)
RMSPROP = RmsProp(0.001, 0.9, 1e-7)


def of(optimizer: Optimizer, layers: list[Layer] = LAYERS) -> Recipe:
    return replace(MATCHED, layers=layers, optimizer=optimizer)


@pytest.fixture(scope="module")
def data(mnist_folder: Path) -> mnist.Mnist:
    return mnist.load(mnist_folder, "8x8")


def caught(recipe: Recipe, expected: Expected, data: mnist.Mnist) -> set[str]:
    return disagreeing(expected, computed(recipe, shared_weights(recipe, 1), data, expected))


Step = Callable[[Any, Array, Array, State], tuple[Array, State]]


def dampened(optimizer: Sgd, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """v ← m · v + (1 − m) · g: a running mean, as the betas of Adam have it."""
    velocity = optimizer.momentum * state.get("velocity", 0) + (1 - optimizer.momentum) * gradient
    return weight - optimizer.learning_rate * velocity, {"velocity": velocity}


def kerass_adam(optimizer: Adam, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Add epsilon before the second moment is corrected: Kingma & Ba's "epsilon hat"."""
    count = state.get("count", np.array(0)) + 1
    mean = optimizer.beta_1 * state.get("mean", 0) + (1 - optimizer.beta_1) * gradient
    square = optimizer.beta_2 * state.get("square", 0) + (1 - optimizer.beta_2) * gradient**2
    rate = optimizer.learning_rate * np.sqrt(1 - optimizer.beta_2**count) / (1 - optimizer.beta_1**count)
    after = weight - rate * mean / (np.sqrt(square) + optimizer.epsilon)
    return after, {"count": count, "mean": mean, "square": square}


def uncorrected(optimizer: Adam, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    mean = optimizer.beta_1 * state.get("mean", 0) + (1 - optimizer.beta_1) * gradient
    square = optimizer.beta_2 * state.get("square", 0) + (1 - optimizer.beta_2) * gradient**2
    after = weight - optimizer.learning_rate * mean / (np.sqrt(square) + optimizer.epsilon)
    return after, {"mean": mean, "square": square}


def coupled(optimizer: AdamW, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Add the decay to the gradient: L2 regularisation, which Adam's moments then rescale."""
    adam = Adam(optimizer.learning_rate, optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    return OPTIMIZERS[Adam](adam, weight, gradient + optimizer.weight_decay * weight, state)


def kerass_rmsprop(optimizer: RmsProp, weight: Array, gradient: Array, state: State) -> tuple[Array, State]:
    """Add epsilon under the root."""
    square = optimizer.rho * state.get("square", 0) + (1 - optimizer.rho) * gradient**2
    return weight - optimizer.learning_rate * gradient / np.sqrt(square + optimizer.epsilon), {"square": square}


@pytest.mark.parametrize("optimizer", [MOMENTUM, NESTEROV, ADAM, ADAMW, RMSPROP], ids=str)
def test_an_optimizer_without_a_mistake_is_green(optimizer: Optimizer, data: mnist.Mnist) -> None:
    assert caught(of(optimizer), compute_expected(of(optimizer), 1, data), data) == set()


@pytest.mark.parametrize(
    ("optimizer", "wrong"),
    [(MOMENTUM, dampened), (ADAM, kerass_adam), (ADAM, uncorrected), (ADAMW, coupled), (RMSPROP, kerass_rmsprop)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_another_form_of_an_optimizer_is_caught(
    optimizer: Optimizer, wrong: Step, data: mnist.Mnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = compute_expected(of(optimizer), 1, data)
    monkeypatch.setitem(OPTIMIZERS, type(optimizer), wrong)
    found = caught(of(optimizer), expected, data)
    assert any(name.startswith("weights_1.") for name in found)
    assert all(name.startswith("weights_") for name in found)


@pytest.mark.parametrize(("right", "wrong"), [(MOMENTUM, NESTEROV), (NESTEROV, MOMENTUM)], ids=["plain", "nesterov"])
def test_the_other_momentum_is_caught(right: Optimizer, wrong: Optimizer, data: mnist.Mnist) -> None:
    assert any(name.startswith("weights_1.") for name in caught(of(wrong), compute_expected(of(right), 1, data), data))


def biased(layer: BatchNorm, own: Parameters, inputs: Array) -> dict[str, Array]:
    """Keep the biased variance as the running one: Keras 3's form."""
    mean, variance, _ = batch_norm.moments(inputs)
    old, new = layer.momentum, 1 - layer.momentum
    found = {"running_mean": old * own["running_mean"] + new * mean}
    return {**found, "running_variance": old * own["running_variance"] + new * variance}


def test_a_biased_running_variance_is_caught_alone(data: mnist.Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = compute_expected(of(MOMENTUM, NORMAL), 1, data)
    assert caught(of(MOMENTUM, NORMAL), expected, data) == set()
    monkeypatch.setitem(STATISTICS, BatchNorm, biased)
    wrong = {"weights_1.2.running_variance", "weights_2.2.running_variance"}
    assert caught(of(MOMENTUM, NORMAL), expected, data) == wrong


def test_batch_norms_momentum_taken_for_the_new_values_weight_is_caught(data: mnist.Mnist) -> None:
    turned = [replace(layer, momentum=0.1) if isinstance(layer, BatchNorm) else layer for layer in NORMAL]
    found = caught(of(MOMENTUM, turned), compute_expected(of(MOMENTUM, NORMAL), 1, data), data)
    assert {"weights_1.2.running_mean", "weights_1.2.running_variance"} <= found


def test_running_statistics_in_training_are_caught(data: mnist.Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = compute_expected(of(MOMENTUM, NORMAL), 1, data)
    monkeypatch.setitem(IN_TRAINING, BatchNorm, batch_norm.apply_in_evaluation)
    assert {"loss", "gradients.1.kernel"} <= caught(of(MOMENTUM, NORMAL), expected, data)


def test_symmetric_padding_is_caught(data: mnist.Mnist, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stride of 2 on 8 pixels wants one zero after them; PyTorch's padding=1 puts one on either side."""
    expected = compute_expected(of(MOMENTUM), 1, data)
    monkeypatch.setattr(Conv2d, "borders", lambda *_: ((1, 1), (1, 1)))
    assert "logits" in caught(of(MOMENTUM), expected, data)
