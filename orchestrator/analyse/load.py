"""Reads everything that `analyse` needs from a run folder: what was asked for, records, and what the workers left.

Only the test labels are elsewhere, in the prepared data set. Without it the answers to the test images cannot be
judged again, and the analysis says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.analyse.accuracy import Answers, read_answers
from orchestrator.analyse.image_answers import TrialLogits
from orchestrator.analyse.parity import Steps, read_steps
from orchestrator.analyse.programs import programs
from orchestrator.analyse.summary import Comparison, Environment
from orchestrator.analyse.syntax_counts import Program
from orchestrator.data import dataset
from orchestrator.errors import UsageError
from orchestrator.plan.walk import Walk
from orchestrator.record.manifest import ANEW, CHANGED, Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.sentinel import SentinelSeries
from orchestrator.spec import contenders
from orchestrator.spec.recipe_checks import FILE_IMAGES
from orchestrator.stream.predictions import PredictionsError, read_logits
from shared import mnist
from shared.leftovers import PREDICTIONS, STEPS


@dataclass(frozen=True)
class Tested:
    """What the first done trial of each cell made of the test images."""

    trials: Sequence[TrialLogits]
    labels: NDArray[np.uint8]  # (images,)
    images: Mapping[str, NDArray[np.uint8]]  # (images, side, side) by view, those that the trials saw


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """A run as it stands in its folder, read and checked."""

    comparison: Comparison
    environment: Environment
    records: Sequence[Record]  # block by block, contenders within a block in the order asked for
    cores: int
    load: float | None  # the machine's one-minute load when the run began
    steps: Sequence[Steps] = ()  # of trials that can be held beside each other step by step
    answers: Sequence[Answers] = ()  # of done trials of the matched track
    unread_answers: Sequence[str] = ()  # trials whose answers are there and cannot be judged without the data set
    sentinel: SentinelSeries | None = None
    walk: Walk | None = None  # where the run is one
    programs: Sequence[Program] = ()  # of each recipe as it ran; of a walk, whose recipes are many, none
    tested: Tested | None = None  # likewise; None also without the data set


def load_run(folder: RunFolder, data: Path) -> RunResults:
    """Read a run; `data` is where the prepared data set is kept, or would be.

    Raises UsageError where the run did not end, where a file is missing, edited, damaged or of another format, or
    where a walk's recipes are not those of the run any more.
    """
    manifest = folder.read_manifest()
    comparison = Comparison.load(folder.path)
    if comparison.ended_at is None:
        raise UsageError(f"the comparison of {folder.id} did not end", f"`bakeoff resume {folder.id}` ends it")
    records = in_order_asked_for(folder.read_records(), comparison)
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
        sentinel=folder.read_sentinel(),
        walk=_walk(manifest, comparison),
        programs=_programs(folder, records) if comparison.kind != "walk" else (),
        tested=_tested(folder, records, data) if comparison.kind != "walk" else None,
    )


def in_order_asked_for(records: Sequence[Record], comparison: Comparison) -> list[Record]:
    """Sort records by block, a block by the comparison's cells: the order of running within it was drawn by lot."""
    places = {(cell.contender, cell.recipe): number for number, cell in enumerate(comparison.cells)}

    def place(record: Record) -> tuple[bool, int, int, int]:
        cell = places.get((record.contender, record.recipe), len(places))
        return record.role == "parity", record.run, record.seed, cell

    return sorted(records, key=place)


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
    answers = [_read_answers(folder, record, predictions, labels) for record, predictions in leftovers]
    return [trial for trial in answers if trial], []


def _read_answers(
    folder: RunFolder, record: Record, predictions: bytes | None, labels: NDArray[np.uint8]
) -> Answers | None:
    """Read a trial's answers; UsageError where its file has been damaged since the trial was judged by it."""
    try:
        return read_answers(record, predictions, labels)
    except PredictionsError as error:
        remedy = f"put the file back as it was, or remove it: {record.id} is then left out of the image-by-image table"
        raise UsageError(f"{record.id} of {folder.id}: {error}", remedy) from error


def _tested(folder: RunFolder, records: Sequence[Record], data: Path) -> Tested | None:
    """Read what one trial of each cell made of the test images; None where there is none, or no data set."""
    first: dict[tuple[str, str], Record] = {}
    for record in records:
        if record.role == "measured" and record.status is Status.DONE:
            first.setdefault((record.contender, record.recipe), record)
    found = [trial for record in first.values() if (trial := _logits(folder, record))]
    prepared = dataset.load_intact(data) if found else None
    if prepared is None:
        return None
    views = {view: mnist.load(prepared.folder, view) for view in dict.fromkeys(trial.view for trial in found)}
    labels = next(iter(views.values())).test_labels
    return Tested(found, labels, {view: loaded.test_images for view, loaded in views.items()})


def _logits(folder: RunFolder, record: Record) -> TrialLogits | None:
    """Read a trial's logits; UsageError where its file has been damaged since the trial was judged by it."""
    content, trial = folder.read_leftover(record.id, PREDICTIONS), folder.read_trial(record.id)
    if content is None or trial is None:
        return None
    try:
        logits = read_logits(content, FILE_IMAGES["test"])
    except PredictionsError as error:
        remedy = f"put the file back as it was, or remove it: {record.id} then has no confusion matrix"
        raise UsageError(f"{record.id} of {folder.id}: {error}", remedy) from error
    return TrialLogits(record.id, record.contender, record.recipe, trial.recipe.data.view, logits)


def _programs(folder: RunFolder, records: Sequence[Record]) -> tuple[Program, ...]:
    """Write each recipe as its trials ran it, in the framework of each contender that is known here."""
    trials = {record.recipe: record.id for record in records}
    ran = (folder.read_trial(name) for name in trials.values())
    names = [contenders.folder_name(record.contender) for record in records]
    return programs([trial.recipe for trial in ran if trial], names)


def _walk(manifest: Manifest, comparison: Comparison) -> Walk | None:
    """Plan the walk again; it has to pass the cells that the run passed."""
    if manifest.kind != "explain":
        return None
    _, plan = manifest.plan_again()
    cells = [(contender.written, recipe.name) for contender, recipe in plan.cells]
    if cells != [(cell.contender, cell.recipe) for cell in comparison.cells]:
        raise UsageError(CHANGED, ANEW)
    return plan.walk
