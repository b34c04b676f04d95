"""Every contender's worker for real: its own framework, the real MNIST, a few hundred images.

Each contender trains two small trials once for the whole module, five where the slow tests run, through Docker where an
engine answers and through the process engine elsewhere; the tests read what they left.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.analyse.confounders import worker_facts
from orchestrator.engines.engine import Engine
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import offered_contenders, parse
from shared import mnist
from shared.recipe import Recipe, parameter_count
from tests.support.plans import plan_of

pytestmark = [pytest.mark.docker, pytest.mark.frameworks]

SHUFFLED = recipes.apply_sizes(recipes.load("article-tf"), train_images=320, batch_size=48, epochs=1, quick=True)
SEQUENTIAL = recipes.apply_sizes(recipes.load("article-torch"), train_images=4000, batch_size=64, epochs=2)


@dataclass(frozen=True)
class Trained:
    """A contender's trials of both recipes, with seed 1; and more of them on demand."""

    shuffled: Record
    sequential: Record
    folder: RunFolder
    train: Callable[[Recipe, int, int], Record]  # recipe, seed, which time

    @property
    def records(self) -> tuple[Record, ...]:
        return (self.shuffled, self.sequential)

    def step_losses(self, record: Record, run: int = 1) -> list[float]:
        return _step_losses(RunFolder(self.folder.path / "runs" / str(run)), record.id)


@dataclass(frozen=True)
class Repeated:
    """The trials of `Trained` once more, and one with seed 2."""

    shuffled: Record
    sequential: Record
    other_seed: Record


def _step_losses(folder: RunFolder, trial: str) -> list[float]:
    """Read every step's loss of a trial from its recorded stream."""
    lines = (folder.path / "trials" / trial / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return [loss for event in events if event["event"] == "steps" for loss in event["losses"]]


@pytest.fixture(scope="module", params=sorted(offered_contenders()))
def trained(
    request: pytest.FixtureRequest, engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    contender = parse(request.param)
    prepared = engine.prepare(contender, "cpu", lambda line: None)
    engine.supply(mnist_folder, prepared, lambda line: None)
    folder = RunFolder(tmp_path_factory.mktemp(request.param))
    bench = TrialSetup(
        engine, f"test-{uuid.uuid4().hex[:12]}", mnist.load(mnist_folder, "8x8").test_labels, data=mnist_folder
    )

    def train(recipe: Recipe, seed: int, run: int) -> Record:
        planned = _planned(request.param, [recipe])[seed - 1]
        place = RunFolder(folder.path / "runs" / str(run))
        return run_trial(bench, planned, prepared, place.trial(planned.id), lambda trial, event: None)

    return Trained(train(SHUFFLED, 1, 1), train(SEQUENTIAL, 1, 1), folder, train)


@pytest.fixture(scope="module")
def repeated(trained: Trained) -> Repeated:
    return Repeated(trained.train(SHUFFLED, 1, 2), trained.train(SEQUENTIAL, 1, 2), trained.train(SEQUENTIAL, 2, 1))


def _planned(contender: str, chosen: Sequence[Recipe]) -> tuple[PlannedTrial, ...]:
    return plan_of([parse(contender)], chosen, seeds=2, threads=1).trials


def test_every_trial_is_done_and_no_event_is_lost_or_refused(trained: Trained) -> None:
    for record in trained.records:
        assert (record.status, record.reason) == (Status.DONE, "")
        assert (record.events.lost, record.events.rejected) == (0, 0)


@pytest.mark.slow  # three more trainings of each contender
def test_the_same_trial_twice_gives_the_same_losses_bit_for_bit(trained: Trained, repeated: Repeated) -> None:
    for first, again in ((trained.shuffled, repeated.shuffled), (trained.sequential, repeated.sequential)):
        losses = trained.step_losses(first)
        assert len(losses) > 6
        assert losses == trained.step_losses(again, 2)
        assert (first.epochs[-1].val_loss, first.test_loss) == (again.epochs[-1].val_loss, again.test_loss)


@pytest.mark.slow
def test_another_seed_starts_from_other_weights_and_the_same_seed_from_the_same(
    trained: Trained, repeated: Repeated
) -> None:
    assert trained.sequential.initial_weights_sha256 == repeated.sequential.initial_weights_sha256
    assert trained.sequential.initial_weights_sha256 != repeated.other_seed.initial_weights_sha256


@pytest.mark.slow
def test_a_repeated_trial_tells_the_same_facts(trained: Trained, repeated: Repeated) -> None:
    for record in (repeated.shuffled, repeated.sequential, repeated.other_seed):
        assert (record.status, record.events.lost, record.events.rejected) == (Status.DONE, 0, 0)
        assert record.facts == trained.sequential.facts


def test_the_loss_falls(trained: Trained) -> None:
    losses = trained.step_losses(trained.sequential)
    assert sum(losses[-10:]) < sum(losses[:10])
    shuffled = trained.step_losses(trained.shuffled)
    assert sum(shuffled[-3:]) < sum(shuffled[:3])


def test_the_epoch_loss_is_the_mean_of_its_steps_weighted_by_images(trained: Trained) -> None:
    losses = trained.step_losses(trained.shuffled)
    images = [48, 48, 48, 48, 48, 48, 32]
    expected = sum(loss * count for loss, count in zip(losses, images, strict=True)) / 320
    assert trained.shuffled.epochs[0].train_loss == pytest.approx(expected, rel=1e-6)


def test_the_network_has_the_recipes_parameters(trained: Trained) -> None:
    assert trained.shuffled.parameters == parameter_count(SHUFFLED)
    assert trained.sequential.parameters == parameter_count(SEQUENTIAL)


def test_the_worker_counts_test_accuracy_as_the_host_does(trained: Trained) -> None:
    for record in trained.records:
        assert record.worker_test_accuracy == pytest.approx(record.test_accuracy, abs=1e-12)


def test_images_per_second_times_seconds_are_the_images_trained(trained: Trained) -> None:
    for record, recipe in ((trained.shuffled, SHUFFLED), (trained.sequential, SEQUENTIAL)):
        for epoch in record.epochs:
            assert epoch.images_per_second * epoch.seconds == pytest.approx(recipe.data.train.images, rel=0.01)


def test_the_data_are_the_published_ones(trained: Trained) -> None:
    assert trained.shuffled.data_sha256 == mnist.DATA_SHA256["28x28"]
    assert trained.sequential.data_sha256 == mnist.DATA_SHA256["8x8"]


def test_every_phase_has_its_own_seconds(trained: Trained) -> None:
    names = ["import", "data", "build", "first_step", "warm_up", "predict", "training", "evaluation"]
    assert sorted(trained.sequential.phases) == sorted(names)
    assert all(seconds >= 0 for seconds in trained.sequential.phases.values())
    assert sum(trained.sequential.phases.values()) <= (trained.sequential.worker_seconds or 0)


def test_settings_in_which_frameworks_differ_are_told_as_resolved(trained: Trained) -> None:
    modes = trained.sequential.modes
    assert modes["precision"] == "float32"
    assert (modes["tf32_matmul"], modes["tf32_convolution"]) == ("off", "off")
    assert modes["threads_intra_op"] == "1"
    for name in ("execution", "compiler", "deterministic", "onednn", "cudnn_autotune"):
        assert name in modes


def test_some_sixty_facts_are_told_beside_the_packages(trained: Trained) -> None:
    told = worker_facts(trained.sequential)
    facts = {name for name in told if not name.startswith("package ")}
    assert 55 < len(facts) < 90
    assert {"blas", "denormals", "libc", "memory_allocator", "python_compiler", "cpu_instructions"} <= facts
    assert {"package numpy", "package pip"} <= trained.sequential.facts.keys()


def test_the_facts_are_the_same_in_every_trial_of_a_contender(trained: Trained) -> None:
    assert all(record.facts == trained.sequential.facts for record in trained.records)
