"""Runs the trials of a plan, one after another, from a first host or a later one."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from orchestrator.engines.engine import EngineLostError
from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.progress.view import View
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.one_trial import TrialSetup, run_trial, with_audit
from orchestrator.run.reuse import find_reusable, reuse

_WHY_REST_IS_SKIPPED = {
    Status.INTERRUPTED: "the comparison was interrupted before its turn",
    Status.UNKNOWN: "the comparison ended before its turn; `bakeoff resume` runs it",
}
"""Why the rest is left out, after a trial of this status."""

RESUMABLE = (Status.UNKNOWN, Status.INTERRUPTED, Status.SKIPPED)
"""What a resumed run takes up again, beside what an engine's restart ended. What failed has been measured, and is not
tried until it passes."""


def run_all(plan: Plan, setup: TrialSetup, folder: RunFolder, view: View) -> list[Record]:
    """Run the trials one after another: two at a time would measure each other. Those of an earlier host are kept."""
    manifest = folder.read_manifest()
    setup = replace(setup, run_id=folder.id, lease=manifest.lease)
    records: list[Record] = []
    ended = ""  # why the rest is left out
    for planned in plan.trials:
        view.trial_started(planned.id)
        record = _earlier_record(folder, planned)
        if record is None:
            record = _skip(setup, planned, folder, ended) if ended else _run(setup, planned, folder, manifest, view)
        ended = ended or _WHY_REST_IS_SKIPPED.get(record.status, "")
        records.append(record)
        view.trial_ended(record)
    if not ended:
        with contextlib.suppress(EngineLostError):  # then it is `bakeoff clean` that removes it
            setup.engine.sweep(setup.run_id, setup.lease)
    return records


def _earlier_record(folder: RunFolder, planned: PlannedTrial) -> Record | None:
    """Return what an earlier host recorded of a trial, None where it is still to be run, or to its end."""
    record = folder.trial(planned.id).record()
    return None if record is None or record.status in RESUMABLE or record.cause == "engine-restart" else record


def _run(setup: TrialSetup, planned: PlannedTrial, folder: RunFolder, manifest: Manifest, view: View) -> Record:
    """Reuse a finished trial of an earlier run, or run this one; what could not be prepared is recorded as failed."""
    contender, trial_folder = planned.contender.written, folder.trial(planned.id)
    if contender in manifest.refused:
        record = unstarted_record(
            planned, setup.engine.name, Status.FAILED, manifest.refused[contender], "not-prepared"
        )
        trial_folder.write_record(record)
        return record
    prepared = setup.prepared[contender]
    if manifest.reuse and (earlier := find_reusable(with_audit(setup, planned).trial, prepared, folder)):
        record = reuse(earlier, folder)
        view.say(f"{planned.id} is taken over from {record.reused_from}; --fresh runs it again")
        return record
    if (since := trial_folder.started_at()) is not None:
        view.say(f"{planned.id} was started by an earlier bakeoff at {since:%Y-%m-%d %H:%M:%S} UTC: looking for it")
    return run_trial(setup, planned, prepared, trial_folder, view.event)


def _skip(setup: TrialSetup, planned: PlannedTrial, folder: RunFolder, reason: str) -> Record:
    """Leave a trial out; what an earlier host recorded of it stays."""
    trial_folder = folder.trial(planned.id)
    record = trial_folder.record()
    if record is None:
        record = unstarted_record(planned, setup.engine.name, Status.SKIPPED, reason)
        trial_folder.write_record(record)
    return record
