"""The audit: what a right answer looks like, and the mistakes that it must catch."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.audit.audit import BATCH, Expected, compare_with_expected, compute_expected
from orchestrator.audit.reference import evaluate, forward, train
from orchestrator.spec import recipes
from shared import mnist
from shared.initial import Weights, shared_weights
from shared.recipe import Conv2d, Recipe
from tests.support.arrays import npz

RECIPE = recipes.load("matched-8x8")
RATE = RECIPE.optimizer.learning_rate

Answer = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def data(mnist_folder: Path) -> mnist.Mnist:
    return mnist.load(mnist_folder, "8x8")


@pytest.fixture(scope="module")
def expected(data: mnist.Mnist) -> Expected:
    return compute_expected(RECIPE, 1, data)


@pytest.fixture
def right(expected: Expected) -> Answer:
    """What a worker without a mistake computes, in float32."""
    found: Answer = {name: np.array(array, np.float32).astype(np.float64) for name, array in expected.arrays}
    return {**found, **_scored(found["logits"], expected)}


def disagreeing(expected: Expected, answer: Mapping[str, NDArray[np.float64]]) -> set[str]:
    return {line.tensor for line in compare_with_expected(expected, npz(**answer)) if not line.agrees}


def computed(recipe: Recipe, weights: Weights, data: mnist.Mnist, expected: Expected) -> Answer:
    """What a worker computes that builds `recipe` and starts from `weights`, both perhaps wrongly."""
    pixels, labels = mnist.select(data, recipe.data.train)
    halves = (list(expected.indices[:BATCH]), list(expected.indices[BATCH:]))
    images = mnist.scale(pixels[:256], recipe.data.mean, recipe.data.std)[..., None]
    one, two = train(recipe, weights, [(images[half], labels[half]) for half in halves])
    found: Answer = {"logits": forward(recipe, weights, images[halves[0]]), "loss": np.array(one.loss)}
    for kind, arrays in (("gradients", one.gradients), ("weights_1", one.weights), ("weights_2", two.weights)):
        found |= {f"{kind}.{name}": array for name, array in arrays}
    return {**found, **_scored(found["logits"], expected)}


def _scored(logits: NDArray[np.float64], expected: Expected) -> Answer:
    score = evaluate(logits, expected.labels)
    return {"score.loss": np.array(score.loss), "score.accuracy": np.array(score.accuracy)}


def test_a_worker_without_a_mistake_is_green(expected: Expected, right: Answer, data: mnist.Mnist) -> None:
    assert disagreeing(expected, right) == set()
    assert disagreeing(expected, computed(RECIPE, shared_weights(RECIPE, 1), data, expected)) == set()


def test_every_weight_is_audited_by_its_gradient_and_after_each_step(expected: Expected) -> None:
    names = {name for name, _ in expected.arrays}
    weights = {f"{layer}.{part}" for layer in (0, 1, 4) for part in ("kernel", "bias")}
    kinds = ("gradients", "weights_1", "weights_2")
    assert names == {"logits", "loss", *(f"{kind}.{weight}" for kind in kinds for weight in weights)}


def test_a_flatten_in_channel_order_is_caught(expected: Expected, data: mnist.Mnist) -> None:
    weights = dict(shared_weights(RECIPE, 1))
    by_channel = weights["4.kernel"].reshape(2, 2, 64, 10).transpose(2, 0, 1, 3).reshape(256, 10)
    wrong = computed(RECIPE, [*(weights | {"4.kernel": by_channel}).items()], data, expected)
    assert {"logits", "loss", "gradients.4.kernel"} <= disagreeing(expected, wrong)


def test_a_softmax_before_the_logits_is_caught(expected: Expected, right: Answer) -> None:
    powers = np.exp(right["logits"] - right["logits"].max(axis=1, keepdims=True))
    softmax = powers / powers.sum(axis=1, keepdims=True)
    loss = {"loss": np.array(evaluate(softmax, expected.labels).loss)}
    assert disagreeing(expected, {**right, **loss, "logits": softmax, **_scored(softmax, expected)}) == {
        "logits",
        "loss",
    }


def test_a_sum_where_the_mean_belongs_is_caught(expected: Expected, right: Answer) -> None:
    initial = {name: array.astype(np.float64) for name, array in shared_weights(RECIPE, 1)}
    summed = dict(right)
    for name, weight in initial.items():
        summed[f"gradients.{name}"] = BATCH * right[f"gradients.{name}"]
        summed[f"weights_1.{name}"] = weight - RATE * summed[f"gradients.{name}"]
    caught = disagreeing(expected, summed)
    assert {f"gradients.{name}" for name in initial} <= caught
    assert {f"weights_1.{name}" for name in initial} <= caught


def test_momentum_that_the_recipe_does_not_have_is_caught_by_the_second_step(expected: Expected, right: Answer) -> None:
    names = [name.removeprefix("gradients.") for name in right if name.startswith("gradients.")]
    slid = {f"weights_2.{name}": right[f"weights_2.{name}"] - 0.9 * RATE * right[f"gradients.{name}"] for name in names}
    assert disagreeing(expected, {**right, **slid}) == set(slid)


def test_another_learning_rate_is_caught(expected: Expected, data: mnist.Mnist) -> None:
    faster = dataclasses.replace(RECIPE, optimizer=dataclasses.replace(RECIPE.optimizer, learning_rate=0.0101))
    caught = disagreeing(expected, computed(faster, shared_weights(RECIPE, 1), data, expected))
    assert caught
    assert all(name.startswith("weights_") for name in caught)


def test_a_missing_relu_is_caught(expected: Expected, data: mnist.Mnist) -> None:
    layers = [Conv2d(32, 3), *RECIPE.layers[1:]]
    wrong = computed(dataclasses.replace(RECIPE, layers=layers), shared_weights(RECIPE, 1), data, expected)
    assert "logits" in disagreeing(expected, wrong)


def test_an_accuracy_counted_wrongly_is_caught_alone(expected: Expected, right: Answer) -> None:
    assert disagreeing(expected, {**right, "score.accuracy": np.array(1.0)}) == {"score.accuracy"}


def test_what_is_missing_or_not_finite_or_of_another_shape_disagrees(expected: Expected, right: Answer) -> None:
    assert disagreeing(expected, {name: array for name, array in right.items() if name != "loss"}) == {"loss"}
    assert disagreeing(expected, {**right, "gradients.0.bias": np.full(32, np.nan)}) == {"gradients.0.bias"}
    assert disagreeing(expected, {**right, "gradients.0.bias": np.zeros((32, 1))}) == {"gradients.0.bias"}
    assert disagreeing(expected, {**right, "extra": np.zeros(3)}) == {"extra"}


def bomb() -> bytes:
    """A megabyte that unpacks to a gigabyte of zeros."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("logits.npy", "w") as member:
        for _ in range(1024):
            member.write(bytes(2**20))
    return packed.getvalue()


@pytest.mark.parametrize("left", [None, b"", b"PK", b"\x93NUMPY", bomb()], ids=["none", "empty", "cut", "npy", "bomb"])
def test_an_answer_that_cannot_be_read_agrees_in_nothing(expected: Expected, left: bytes | None) -> None:
    lines = compare_with_expected(expected, left)
    assert len(lines) == len(expected.arrays)
    assert not any(line.agrees for line in lines)


def test_a_pickle_is_not_opened(expected: Expected) -> None:
    packed = npz(logits=np.array([{"a": 1}], dtype=object))
    assert not any(line.agrees for line in compare_with_expected(expected, packed))


def test_another_seed_is_audited_from_other_weights(expected: Expected, data: mnist.Mnist) -> None:
    other = computed(RECIPE, shared_weights(RECIPE, 2), data, expected)
    assert "logits" in disagreeing(expected, other)
