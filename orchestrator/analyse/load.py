"""Reads everything that `analyse` needs from a run folder: what was asked for, records, and what the workers left.

Only the test labels are elsewhere, in the prepared data set. Without it the answers to the test images cannot be
judged again, and the analysis says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestrator.analyse.accuracy import Answers, read_answers
from orchestrator.analyse.parity import Steps, read_steps
from orchestrator.analyse.summary import Comparison, Environment
from orchestrator.data import dataset
from orchestrator.errors import UsageError
from orchestrator.plan.walk import Walk, make_walk
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.trial_folder import PREDICTIONS, RECORD, STEPS
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from orchestrator.spec.spec import ExplainSpec, Spec
from shared import mnist
from shared.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """A run as it stands in its folder, read and checked."""

    comparison: Comparison
    environment: Environment
    records: Sequence[Record]  # in the order of running
    cores: int
    load: float | None  # the machine's one-minute load when the run began
    steps: Sequence[Steps] = ()  # of trials that can be held beside each other step by step
    answers: Sequence[Answers] = ()  # of done trials of the matched track
    unread_answers: Sequence[str] = ()  # trials whose answers are there and cannot be judged without the data set
    walk: Walk | None = None  # where the run is one


def load_run(folder: RunFolder, data: Path) -> RunResults:
    """Read a run; `data` is where the prepared data set is kept, or would be.

    Raises UsageError where the run did not end, where a file is missing, edited or of another format, or where a
    walk's recipes are not those of the run any more.
    """
    manifest = folder.read_manifest()
    comparison = Comparison.load(folder.path)
    if comparison.ended_at is None:
        raise UsageError(f"the comparison of {folder.id} did not end", f"`bakeoff resume {folder.id}` ends it")
    records = [_record(folder, trial) for trial in manifest.trials]
    steps = [read_steps(record, folder.read_leftover(record.id, STEPS)) for record in records]
    answers, unread = _answers(folder, records, data)
    return RunResults(
        comparison=comparison,
        environment=Environment.load(folder.path),
        records=records,
        cores=manifest.cores,
        load=manifest.load,
        steps=[trial for trial in steps if trial],
        answers=answers,
        unread_answers=unread,
        walk=_walk(manifest, comparison),
    )


def _record(folder: RunFolder, trial: str) -> Record:
    content = folder.read_leftover(trial, RECORD)
    try:
        return Record.model_validate_json(content or b"")
    except ValidationError as error:
        remedy = f"`bakeoff resume {folder.id}` runs it"
        raise UsageError(f"{trial} of {folder.id} has no record that can be read", remedy) from error


def _answers(folder: RunFolder, records: Sequence[Record], data: Path) -> tuple[list[Answers], list[str]]:
    """Return the answers of every trial that is compared image by image, or the trials' names without the labels."""
    matched = [record for record in records if record.track == "matched" and record.status is Status.DONE]
    leftovers = [(record, folder.read_leftover(record.id, PREDICTIONS)) for record in matched]
    if not leftovers:
        return [], []
    prepared = dataset.load_intact(data)
    if prepared is None:
        return [], [record.id for record, predictions in leftovers if predictions is not None]
    labels = mnist.load(prepared.folder, "8x8").test_labels
    answers = [read_answers(record, predictions, labels) for record, predictions in leftovers]
    return [trial for trial in answers if trial], []


def _walk(manifest: Manifest, comparison: Comparison) -> Walk | None:
    """Plan the walk again from the pinned spec; it has to pass the cells that the run passed."""
    spec = manifest.pinned_spec
    if not isinstance(spec, ExplainSpec):
        return None
    start, end = zip(map(parse, spec.contenders), (_sized(recipe, spec) for recipe in spec.recipes), strict=True)
    walk = make_walk(start, end, spec.paths)
    cells = [(contender.written, recipe.name) for contender, recipe in walk.cells]
    if cells != [(cell.contender, cell.recipe) for cell in comparison.cells]:
        raise UsageError("a recipe, or bakeoff itself, has changed since this run began", "start it anew")
    return walk


def _sized(recipe: str, spec: Spec) -> Recipe:
    sizes = {"epochs": spec.epochs, "train_images": spec.train_images, "batch_size": spec.batch_size}
    return recipes.apply_sizes(recipes.load(recipe), quick=spec.profile == "quick", **sizes)
