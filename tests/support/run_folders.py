"""Run folders on disk with made-up contents: whole, or damaged by the tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrator.analyse.finished_run import FinishedRun
from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.record.manifest import Manifest, this_host
from orchestrator.record.record import Record
from orchestrator.record.run_folder import RunFolder
from orchestrator.spec.recipes import load
from shared.recipe import Recipe


def run_folder(out: Path, summary: Summary, **changes: object) -> RunFolder:
    """Write a run that ended: its manifest, comparison, environment, summary and a record a trial.

    `changes` replace fields of the manifest.
    """
    folder = RunFolder(out / summary.comparison.id)
    folder.path.mkdir(parents=True)
    for trial in summary.trials:
        folder.trial(trial.id).write_record(record_of(trial))
    folder.begin(manifest_of(summary, **changes), summary.environment, summary.comparison)
    folder.write_model("summary.json", summary)
    return folder


def manifest_of(summary: Summary, **changes: object) -> Manifest:
    """Return what a run of this summary may have begun with; `changes` replace its fields."""
    fields: dict[str, object] = {
        "lease": "0123abcd",
        "kind": "compare",
        "spec": summary.comparison.spec,
        "order_seed": summary.comparison.order_seed,
        "trials": tuple(trial.id for trial in summary.trials),
        "plan_sha256": "ab" * 32,
        "images": {trial.contender: trial.image or "" for trial in summary.trials},
        "refused": {},
        "reuse": False,
        "cores": 2,
        "load": 0.1,
        "hosts": (this_host(),),
    }
    return Manifest.model_validate(fields | changes)


def finished(summary: Summary, recipes: Mapping[str, Recipe] | None = None, **changes: object) -> FinishedRun:
    """Return a run that ended, by default of recipes as they come with bakeoff."""
    names = dict.fromkeys(cell.recipe for cell in summary.comparison.cells)
    loaded = {name: load(name) for name in names} if recipes is None else recipes
    return FinishedRun(summary, manifest_of(summary, **changes), loaded)


def record_of(trial: TrialSummary) -> Record:
    """Return a record that the trial of a summary may have been made from."""
    result = {name: getattr(trial, name) for name in Record.model_fields if hasattr(trial, name)}
    return Record(**result, title="Made-up", colour="#2b7a78", worker_seconds=None)
