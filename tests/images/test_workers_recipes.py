"""Every layer and every optimiser in every contender for real, audited; and why TensorFlow needs pieces of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docker import DockerClient

from orchestrator.audit.audit import compute_expected
from orchestrator.audit.reference.layers import running_statistics
from orchestrator.audit.reference.optimizers import step
from orchestrator.engines.engine import Engine
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import offered_contenders, parse
from shared import mnist
from shared.recipe import Adam, AdamW, BatchNorm, Optimizer, RmsProp, Sgd, parameter_count
from tests.support import paths
from tests.support.plans import plan_of

pytestmark = [pytest.mark.docker, pytest.mark.frameworks, pytest.mark.slow]

ZOO = recipes.load(str(paths.ZOO))

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Sgd(0.01),
    "momentum": Sgd(0.01, momentum=0.9),
    "nesterov": Sgd(0.01, momentum=0.9, nesterov=True),
    "adam": Adam(0.001, 0.9, 0.999, 1e-8),
    "adamw": AdamW(0.001, 0.9, 0.999, 1e-8, 0.01),
    "rmsprop": RmsProp(0.001, 0.9, 1e-8),
}
RECIPES = [replace(ZOO, name=f"zoo-{name}", optimizer=optimizer) for name, optimizer in OPTIMIZERS.items()]


@pytest.fixture(scope="module", params=sorted(offered_contenders()))
def trained(
    request: pytest.FixtureRequest, engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Record]]:
    """Two trials of each recipe in one contender, by the recipe's name."""
    data = mnist.load(mnist_folder, "28x28")
    prepared = engine.prepare(parse(request.param), "cpu", lambda line: None)
    engine.supply(mnist_folder, prepared, lambda line: None)
    expected = {(recipe.name, 1): compute_expected(recipe, 1, data) for recipe in RECIPES}
    bench = TrialSetup(engine, f"test-zoo-{request.param}", data.test_labels, expected=expected, data=mnist_folder)
    planned = plan_of([parse(request.param)], RECIPES, threads=1).trials
    again = [each for each in planned if each.trial.recipe.name == "zoo-adam"]
    found: dict[str, list[Record]] = {}
    for run, each in [*((1, each) for each in planned), *((2, each) for each in again)]:
        folder = RunFolder(tmp_path_factory.mktemp(f"zoo-{request.param}-{run}"))
        record = run_trial(bench, each, prepared, folder.trial(each.id), lambda trial, event: None)
        found.setdefault(each.trial.recipe.name, []).append(record)
    return found


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_layer_and_optimizer_computes_what_the_recipe_says(name: str, trained: dict[str, list[Record]]) -> None:
    record = trained[f"zoo-{name}"][0]
    assert (record.status, record.reason) == (Status.DONE, "")
    assert [(line.tensor, line.norm_relative_error) for line in record.audit if not line.agrees] == []
    assert {"weights_2.2.running_variance", "gradients.8.shift"} <= {line.tensor for line in record.audit}
    assert record.parameters == parameter_count(ZOO)


def test_dropout_and_adam_repeat_bit_for_bit_from_the_same_seed(trained: dict[str, list[Record]]) -> None:
    first, again = trained["zoo-adam"]
    assert first.epochs[-1].train_loss == again.epochs[-1].train_loss
    assert first.test_loss == again.test_loss


STOCK = """
import json
import numpy as np
import tensorflow as tf
from tensorflow import keras
from images.tf import optimizer
from images.tf.formulas import Normalization
from shared.recipe import Adam, RmsProp

def variance(layer, name):
    layer(tf.constant([[1.0], [3.0]]), training=True)
    return float(getattr(layer, name)[0])

def stepped(found):
    weight = tf.Variable([1.0])
    found = found(weight)
    for gradient in (1.0, 3.0):
        found.apply_gradients([(tf.constant([gradient]), weight)])
    return float(weight[0])

adam, rmsprop = Adam(0.5, 0.5, 0.75, 0.25), RmsProp(0.5, 0.75, 0.25)
print(json.dumps({
    "norm": variance(Normalization(0.75, 3.0, None), "running_variance"),
    "stock norm": variance(keras.layers.BatchNormalization(momentum=0.75, epsilon=3.0), "moving_variance"),
    "adam": stepped(lambda weight: optimizer.build(adam, [weight])),
    "stock adam": stepped(lambda weight: keras.optimizers.Adam(0.5, beta_1=0.5, beta_2=0.75, epsilon=0.25)),
    "rmsprop": stepped(lambda weight: optimizer.build(rmsprop, [weight])),
    "stock rmsprop": stepped(lambda weight: keras.optimizers.RMSprop(0.5, rho=0.75, epsilon=0.25)),
}))
"""


@pytest.fixture(scope="module")
def stock(docker_client: DockerClient, engine: Engine) -> dict[str, float]:
    """What the pieces of `images/tf` compute beside Keras' own, in the image."""
    prepared = engine.prepare(parse("tf"), "cpu", lambda line: None)
    command = ["/opt/venv/bin/python", "-c", STOCK]
    told = docker_client.containers.run(prepared.handle, entrypoint=command, remove=True, stderr=False)
    found: dict[str, float] = json.loads(told.splitlines()[-1])
    return found


def two_steps(optimizer: Optimizer) -> float:
    weight, state = step(optimizer, np.array([1.0]), np.array([1.0]), {})
    weight, _ = step(optimizer, weight, np.array([3.0]), state)
    return float(weight[0])


NORM = BatchNorm(momentum=0.75, epsilon=3.0)
BEFORE = {"running_mean": np.zeros(1), "running_variance": np.ones(1)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("norm", float(running_statistics(NORM, BEFORE, np.array([[1.0], [3.0]]))["running_variance"][0])),
        ("adam", two_steps(Adam(0.5, 0.5, 0.75, 0.25))),
        ("rmsprop", two_steps(RmsProp(0.5, 0.75, 0.25))),
    ],
)
def test_kerass_own_computes_another_formula_and_ours_the_recipes(
    name: str, expected: Any, stock: dict[str, float]
) -> None:
    assert stock[name] == pytest.approx(expected, rel=1e-6)
    assert abs(stock[f"stock {name}"] / expected - 1) > 0.01
