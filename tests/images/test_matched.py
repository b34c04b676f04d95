"""The matched track for real: both frameworks, the real MNIST, the same start and batches, in both precisions.

The small recipe trains 300 steps in every contender and precision, twice more with norms, once for the whole module.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import StepDifference, Summary
from orchestrator.engines.engine import Engine
from orchestrator.host.hardware import Hardware
from orchestrator.record.record import Status
from orchestrator.runtime import Runtime
from orchestrator.spec import recipes
from orchestrator.spec.spec import Spec
from shared.initial import digest, shared_weights
from shared.order import shuffled
from shared.trial import Precision

pytestmark = [pytest.mark.docker, pytest.mark.frameworks]

BATCH = 128  # the recipe's: smaller ones meet more images at a kink, where float32 parts sooner


@pytest.fixture(scope="module", params=["float32", pytest.param("float64", marks=pytest.mark.slow)])
def summary(
    request: pytest.FixtureRequest, engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Summary:
    """What a comparison of both frameworks on matched-8x8 says."""
    precision: Precision = request.param
    asked = Spec(recipes=("matched-8x8",), epochs=1, train_images=EARLY_STEPS * BATCH, precision=precision)
    world = Runtime(
        engine=engine,
        engine_notice="",
        hardware=Hardware(cores=1),  # a thread of PyTorch waits by spinning: two beside other tests would crawl
        environment={},
        out=tmp_path_factory.mktemp(precision),
        data=mnist_folder,
    )
    _, found = pipeline.compare(asked, world, console.view("quiet", io.StringIO()))
    assert {trial.status for trial in found.trials} == {Status.DONE}
    return found


def of_kind(summary: Summary, kind: str) -> list[StepDifference]:
    return [each for each in summary.step_differences if each.kind == kind]


def test_every_trial_starts_from_the_same_weights_and_sees_the_same_batches(summary: Summary) -> None:
    trained = recipes.apply_sizes(recipes.load("matched-8x8"), train_images=EARLY_STEPS * BATCH, epochs=1)
    assert {trial.initial_weights_sha256 for trial in summary.trials} == {digest(shared_weights(trained, seed=1))}
    orders = {epoch.order_sha256 for trial in summary.trials for epoch in trial.epochs}
    assert orders == {shuffled(EARLY_STEPS * BATCH, seed=1, epoch=1).sha256}


def test_every_contender_computes_what_the_recipe_says_to_its_precision(summary: Summary) -> None:
    audits = summary.audits
    assert [audit.trial for audit in audits if not audit.agrees] == []
    assert {audit.tensors for audit in audits} == {22}  # logits, loss, two scores, six weights' gradients, two steps
    assert {audit.tolerance for audit in audits} == {1e-5 if summary.comparison.precision == "float32" else 1e-12}


def test_step_losses_agree_across_frameworks_over_300_steps(summary: Summary) -> None:
    (between,) = of_kind(summary, "between")
    assert between.steps == EARLY_STEPS
    assert between.largest_early <= between.tolerance == (1e-5 if between.precision == "float32" else 1e-12)
    assert between.first_beyond is None


def test_the_norms_of_gradients_and_weights_agree_too(summary: Summary) -> None:
    (between,) = of_kind(summary, "between")
    exact = between.precision == "float64"
    assert max(between.curve.weight_norm) < (1e-12 if exact else 1e-5)
    assert max(between.curve.gradient_norm) < (1e-11 if exact else 1e-2)  # in float32 an image may lie at a kink


def test_every_contender_is_held_beside_itself_with_and_without_norms(summary: Summary) -> None:
    floors = of_kind(summary, "floor")
    assert len(floors) == 4
    assert sum(bool(floor.curve.weight_norm) for floor in floors) == 2
    assert max(floor.largest for floor in floors) == 0.0  # on the CPU both frameworks repeat themselves bit for bit


def test_test_accuracies_are_compared_image_by_image(summary: Summary) -> None:
    (accuracy,) = summary.accuracies
    assert accuracy.images == 10_000
    assert accuracy.gained + accuracy.lost <= 5
    assert accuracy.low <= accuracy.difference <= accuracy.high


def test_nothing_is_wrong(summary: Summary) -> None:
    assert [finding.message for finding in summary.findings if finding.severity == "error"] == []
    assert "parity-broken" not in {finding.id for finding in summary.findings}
