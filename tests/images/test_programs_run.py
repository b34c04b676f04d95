"""The programs that `bakeoff code` prints, run as they stand on the real MNIST, held against the workers' trainings.

From equal first weights, and images in the file's order, program and worker must print the same losses. As it stands a
program draws its own first weights: then its losses over three seeds must lie where the worker's lie.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, variance

import pytest

from orchestrator.engines.engine import Engine, Prepared
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import program, recipes
from orchestrator.spec.contenders import offered_contenders, parse
from shared import mnist
from shared.recipe import Recipe
from tests.support.plans import plan_of
from tests.support.programs import Losses, run

pytestmark = [pytest.mark.docker, pytest.mark.frameworks, pytest.mark.slow]

SEEDS = 3
IN_ORDER = recipes.apply_sizes(recipes.load("article-torch"), train_images=4000, batch_size=64, epochs=2)
SHUFFLED = recipes.apply_sizes(recipes.load("article-tf"), train_images=960, batch_size=32, epochs=1, quick=True)
T_LIMIT = 8.61
"""Student's t with four degrees of freedom is beyond this once in a thousand."""

GIVE_FIRST_WEIGHTS = {
    "torch": """
network = worker.build(recipe, seed, "cpu")
unchanged = nn.Sequential.to
def to(model, *given):
    model.load_state_dict(dict(zip(model.state_dict(), network.state_dict().values(), strict=True)))
    return unchanged(model, *given)
nn.Sequential.to = to
""",
    "tf": """
network = worker.build(recipe, seed, "CPU:0")
unchanged = keras.Sequential.compile
def compiled(model, *arguments, **given):
    model.set_weights(network.get_weights())
    return unchanged(model, *arguments, **given)
keras.Sequential.compile = compiled
""",
}
"""What puts the worker's first weights into a program's network where the program is done with drawing its own."""

FRAMEWORK = {"torch": "from torch import nn", "tf": "from tensorflow import keras"}


@dataclass(frozen=True)
class Bench:
    """A contender made ready, and what trains in it."""

    name: str
    engine: Engine
    prepared: Prepared
    setup: TrialSetup
    folder: RunFolder

    def trained(self, recipe: Recipe) -> list[Losses]:
        """Train a recipe in the worker from each seed."""
        planned = plan_of([parse(self.name)], [recipe], seeds=SEEDS).trials
        records = [
            run_trial(self.setup, each, self.prepared, self.folder.trial(each.id), lambda trial, event: None)
            for each in planned
        ]
        return list(map(_losses, records))

    def printed(self, recipe: Recipe) -> list[Losses]:
        """Run the program of a recipe, nothing added, from each seed."""
        text = program.render(recipe, self.name)
        data = self.setup.data
        assert data is not None
        return [run(self.engine, self.prepared, text, data, seed) for seed in range(1, SEEDS + 1)]

    def printed_from_the_workers_weights(self, recipe: Recipe, text: str) -> Losses:
        """Run a program with seed 1 and the first weights of the worker's trial of that seed."""
        lines = (
            "import json, os",
            FRAMEWORK[self.name],
            f"from images.{self.name} import model as worker",
            "from shared.recipe import recipe_from",
            "recipe, seed = recipe_from(json.loads(os.environ['RECIPE'])), 1",
            GIVE_FIRST_WEIGHTS[self.name],
            "exec(os.environ['PROGRAM'], {'__name__': '__main__'})",
        )
        given = {"RECIPE": json.dumps(asdict(recipe)), "PROGRAM": text}
        data = self.setup.data
        assert data is not None
        return run(self.engine, self.prepared, "\n".join(lines), data, 1, given)


def _losses(record: Record) -> Losses:
    assert (record.status, record.reason) == (Status.DONE, "")
    train, validation = [each.train_loss for each in record.epochs], [each.val_loss for each in record.epochs]
    return Losses(tuple(map(_told, train)), tuple(map(_told, validation)), _told(record.test_loss))


def _told(loss: float | None) -> float:
    assert loss is not None
    return loss


@pytest.fixture(scope="module", params=sorted(offered_contenders()))
def bench(
    request: pytest.FixtureRequest, engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    name = request.param
    prepared = engine.prepare(parse(name), "cpu", lambda line: None)
    engine.supply(mnist_folder, prepared, lambda line: None)
    labels = mnist.load(mnist_folder, "8x8").test_labels
    setup = TrialSetup(engine, f"test-programs-{name}", labels, data=mnist_folder)
    return Bench(name, engine, prepared, setup, RunFolder(tmp_path_factory.mktemp(f"programs-{name}")))


@pytest.fixture(scope="module")
def in_order(bench: Bench) -> list[Losses]:
    return bench.trained(IN_ORDER)


def test_from_equal_first_weights_a_program_and_the_worker_have_the_same_losses(
    bench: Bench, in_order: list[Losses]
) -> None:
    text = program.render(IN_ORDER, bench.name)
    found = bench.printed_from_the_workers_weights(IN_ORDER, text)
    assert found.every == pytest.approx(in_order[0].every, abs=2e-4)  # four decimals are printed
    other = bench.printed_from_the_workers_weights(IN_ORDER, text.replace("=0.01", "=0.0101"))
    assert other.every != pytest.approx(in_order[0].every, abs=2e-4)


def test_as_it_stands_a_program_trains_as_well_as_the_worker(bench: Bench, in_order: list[Losses]) -> None:
    _lie_together(bench.printed(IN_ORDER), in_order)


def test_a_program_that_shuffles_trains_as_well_as_the_worker(bench: Bench) -> None:
    _lie_together(bench.printed(SHUFFLED), bench.trained(SHUFFLED))


def _lie_together(programs: Sequence[Losses], workers: Sequence[Losses]) -> None:
    """Hold each loss of the programs against the same of the workers, by Welch's t over the seeds."""
    assert len({each.every for each in programs}) == SEEDS
    columns = (zip(*(each.every for each in group), strict=True) for group in (programs, workers))
    for ours, theirs in zip(*columns, strict=True):
        spread = math.sqrt((variance(ours) + variance(theirs)) / SEEDS)
        assert abs(mean(ours) - mean(theirs)) < T_LIMIT * spread, (ours, theirs)
