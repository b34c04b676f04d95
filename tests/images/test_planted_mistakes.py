"""Mistakes that change a number and not the network, planted into PyTorch's worker: the host sees each of them.

Every mistake is one that somebody could make. The real worker trains with it on the real MNIST, and the trial's
findings are exactly those that the mistake makes. docs/methodology.md has the table of what is seen.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.findings import findings
from orchestrator.audit.audit import compute_expected
from orchestrator.engines.engine import Engine
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.verify.line import CLAIMS, OF_TURNS
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from shared import mnist
from shared.recipe import Sgd
from tests.support.plans import plan_of
from tests.support.planted import Change, planted

pytestmark = [pytest.mark.docker, pytest.mark.frameworks]

QUICK_LEARNER = replace(recipes.load("matched-8x8"), optimizer=Sgd(0.1))

SMALL = recipes.apply_sizes(QUICK_LEARNER, train_images=150, batch_size=64, epochs=2)
"""Three steps an epoch, the last of 22 images: the reference's four losses reach into the second epoch."""

LONG = recipes.apply_sizes(QUICK_LEARNER, train_images=6400, batch_size=64, epochs=24)
"""Some seconds of training on a fast machine too: a halved clock shows after 2.5 s, beyond what events may be late."""

LOOP, WORKER, TIMING, TRAINING = "shared/loop.py", "shared/worker.py", "shared/timing.py", "images/torch/training.py"

IGNORED = {"uneven-speed", "worker-warning"}
"""Findings that a busy machine makes."""


@dataclass(frozen=True)
class Mistake:
    """What is changed in the worker, and the ids of all findings that it makes."""

    changes: Sequence[Change]
    findings: frozenset[str]
    recipe: str = "small"


def mistake(found: str, *changes: tuple[str, str, str], recipe: str = "small") -> Mistake:
    return Mistake([Change(*change) for change in changes], frozenset(found.split()), recipe)


BATCH_LOOP = "        for number, batch in enumerate(part, start + 1):\n"
STEP = "            results.append(training.step(batch))\n"
TIMED = "    with timed(training.synchronise) as watch:\n"
EVALUATED = "        validation = evaluate(training, data.validation)\n"

MISTAKES = {
    # The five that were not seen before.
    "validation taken on training images": mistake(
        "validation-loss-mismatch validation-accuracy-mismatch",
        (
            LOOP,
            "validation=part(*mnist.select(images, recipe.data.validation))",
            "validation=part(images.train_images[:10000], images.train_labels[:10000])",
        ),
    ),
    "the smaller last batch never trained": mistake(
        "step-count first-losses-mismatch", (LOOP, BATCH_LOOP, BATCH_LOOP.replace("part", "part[:-1]"))
    ),
    "the last batch left out of the training loss": mistake(
        "training-loss-mismatch",
        (LOOP, "zip(step_losses, batches)) / images", "zip(step_losses, batches[:-1])) / (images - len(batches[-1]))"),
    ),
    "the epoch's order ignored while its hash is claimed": mistake(
        "first-losses-mismatch",
        (LOOP, "training.batches(order.indices, size)", "training.batches(sequential(images).indices, size)"),
    ),
    "the clock halved": mistake(
        "time-in-no-phase",
        (TIMING, "time.perf_counter() - start", "(time.perf_counter() - start) / 2"),
        recipe="long",
    ),
    # More of that kind.
    "validation scored on the training images, with honest logits left": mistake(
        "validation-loss-mismatch validation-accuracy-mismatch",
        (LOOP, EVALUATED, EVALUATED.replace("data.validation", "data.train")),
    ),
    "validation accuracy rounded up to a whole percent": mistake(
        "validation-accuracy-mismatch",
        (LOOP, "val_accuracy=validation.accuracy", "val_accuracy=math.ceil(validation.accuracy * 100) / 100"),
    ),
    "validation of the epoch before": mistake(
        "validation-loss-mismatch validation-accuracy-mismatch",
        (
            LOOP,
            EVALUATED,
            f"{EVALUATED}    validation, train_epoch.last = getattr(train_epoch, 'last', validation), validation\n",
        ),
    ),
    "training loss averaged over steps, whatever their size": mistake(
        "training-loss-mismatch",
        (
            LOOP,
            "sum(loss * len(batch) for loss, batch in zip(step_losses, batches)) / images",
            "sum(step_losses) / len(step_losses)",
        ),
    ),
    "the last batch left out of the training accuracy": mistake(
        "training-accuracy-mismatch",
        (LOOP, "sum(correct) / images", "sum(correct[:-1]) / (images - len(batches[-1]))"),
    ),
    "a tenth of the test images skipped": mistake(
        "test-loss-mismatch accuracy-mismatch",
        (
            WORKER,
            "test = training.score(logits, data.test)",
            "test = training.score(logits[:9000], data.test._replace(labels=data.test.labels[:9000]))",
        ),
    ),
    "a smaller last batch counted as a whole one": mistake(
        "image-count", (LOOP, "        images=images,\n", "        images=len(batches) * size,\n")
    ),
    "the first batch trained twice": mistake(
        "first-losses-mismatch", (LOOP, STEP, f"{STEP}            number == 1 and training.step(batch)\n")
    ),
    "the smaller last batch not trained, its loss reported": mistake(
        "first-losses-mismatch",
        (TRAINING, "        self.optimizer.step()\n", "        len(batch) != 22 and self.optimizer.step()\n"),
    ),
    "the losses of steps taken after the update": mistake(
        "first-losses-mismatch",
        (TRAINING, "            return loss, correct\n", "            return self._differentiate(batch)[0], correct\n"),
    ),
    "an order of another seed": mistake(
        "order-mismatch first-losses-mismatch",
        (LOOP, "shuffled(images, trial.seed, epoch)", "shuffled(images, trial.seed + 1, epoch)"),
    ),
    "half of an epoch trained before its clock starts": mistake(
        "time-in-no-phase",
        (LOOP, TIMED, f"    results += [training.step(batch) for batch in part[: len(part) // 2]]\n{TIMED}"),
        (LOOP, BATCH_LOOP, BATCH_LOOP.replace("part", "part[len(part) // 2 :]")),
        recipe="long",
    ),
    "seconds counted twice": mistake(
        "epoch-longer-than-its-clock",
        (TIMING, "time.perf_counter() - start", "(time.perf_counter() - start) * 2"),
    ),
    "every clock of the worker at half its speed": mistake(
        "clock-slow",
        (TIMING, "time.perf_counter() - start", "(time.perf_counter() - start) / 2"),
        ("shared/emitter.py", "t=time.perf_counter() - self.started", "t=(time.perf_counter() - self.started) / 2"),
        recipe="long",
    ),
}

SHORT = ("validation taken on training images",)
"""Those that run with `make test`; the others are of the same kinds and run with `make check`."""

Train = Callable[[Sequence[Change], str], Record]


@pytest.fixture(scope="module")
def train(engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Train one trial of a worker that has changes in it."""
    prepared = engine.prepare(parse("torch"), "cpu", lambda line: None)
    engine.supply(mnist_folder, prepared, lambda line: None)
    data, plans = mnist.load(mnist_folder, "8x8"), {"small": SMALL, "long": LONG}

    def run(changes: Sequence[Change], size: str) -> Record:
        recipe, folder = plans[size], tmp_path_factory.mktemp("planted")
        (one,) = plan_of([parse("torch")], [recipe], threads=1).trials
        setup = TrialSetup(
            engine,
            f"test-{uuid.uuid4().hex[:12]}",
            data.test_labels,
            expected={(recipe.name, 1): compute_expected(recipe, 1, data)},
            data=mnist_folder,
            train_labels=data.train_labels,
        )
        with planted(engine, prepared, changes, folder) as worker:
            record = run_trial(setup, one, worker, RunFolder(folder).trial(one.id), lambda trial, event: None)
        assert (record.status, record.reason) == (Status.DONE, "")
        return record

    return run


def ids(record: Record) -> set[str]:
    return {found.id for found in findings(CheckInput([record], cores=2))} - IGNORED


def test_an_honest_worker_is_checked_in_every_number_and_nothing_is_found(train: Train) -> None:
    for size in ("small", "long"):
        record = train([], size)
        assert ids(record) == set()
        checked = [what for what in CLAIMS if what not in OF_TURNS]
        assert {line.what: line.verdict for line in record.verified} == dict.fromkeys(checked, "agrees")


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in MISTAKES]
)
def test_a_planted_mistake_makes_its_findings_and_no_others(name: str, train: Train) -> None:
    planned = MISTAKES[name]
    record = train(planned.changes, planned.recipe)
    assert ids(record) == planned.findings
    assert [line.tensor for line in record.audit if not line.agrees] == []  # none of them is seen by the audit
