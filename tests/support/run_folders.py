"""Run folders on disk with made-up contents: whole, or damaged by the tests."""

from __future__ import annotations

from pathlib import Path

from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.record.manifest import Manifest, this_host
from orchestrator.record.record import Record
from orchestrator.record.run_folder import RunFolder


def run_folder(out: Path, summary: Summary, **changes: object) -> RunFolder:
    """Write a run that ended: its manifest, comparison, environment, summary and a record a trial.

    `changes` replace fields of the manifest.
    """
    folder = RunFolder(out / summary.comparison.id)
    folder.path.mkdir(parents=True)
    records = [record_of(trial) for trial in summary.trials]
    fields: dict[str, object] = {
        "lease": "0123abcd",
        "kind": "compare",
        "spec": summary.comparison.spec,
        "order_seed": summary.comparison.order_seed,
        "trials": tuple(record.id for record in records),
        "plan_sha256": "ab" * 32,
        "images": {trial.contender: trial.image or "" for trial in summary.trials},
        "refused": {},
        "reuse": False,
        "cores": 2,
        "load": 0.1,
        "hosts": (this_host(),),
    }
    for record in records:
        folder.trial(record.id).write_record(record)
    folder.begin(Manifest.model_validate(fields | changes), summary.environment, summary.comparison)
    folder.write_model("summary.json", summary)
    return folder


def record_of(trial: TrialSummary) -> Record:
    """Return a record that the trial of a summary may have been made from."""
    result = {name: getattr(trial, name) for name in Record.model_fields if hasattr(trial, name)}
    return Record(**result, title="Made-up", colour="#2b7a78", worker_seconds=None)
