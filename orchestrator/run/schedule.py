"""Runs the trials of a plan, one after another, from a first host or a later one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from orchestrator.analyse.summary import Comparison
from orchestrator.engines.engine import EngineLostError
from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.plan.walk import Walk
from orchestrator.progress.view import View
from orchestrator.record.assemble import not_started
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run import reuse as earlier
from orchestrator.run.prepare import Ready
from orchestrator.run.runner import TrialSetup, run_trial, with_audit
from orchestrator.spec.resolve import ResolvedSpec

_ENDS = {
    Status.INTERRUPTED: "the comparison was interrupted before its turn",
    Status.UNKNOWN: "the comparison ended before its turn; `bakeoff resume` runs it",
}

OPEN = (Status.UNKNOWN, Status.INTERRUPTED, Status.SKIPPED)
"""What a resumed run takes up again, beside what an engine's restart ended. What failed has been measured, and is not
tried until it passes."""


@dataclass(frozen=True)
class Run:
    """A plan on its way: what `conduct` needs beside the world, from a first host or a later one."""

    settings: ResolvedSpec
    trials: Plan
    ready: Ready
    folder: RunFolder
    comparison: Comparison
    beginning: Manifest
    way: Walk | None
    detach: bool


def run_all(run: Run, on: TrialSetup, view: View) -> list[Record]:
    """Run the trials one after another: two at a time would measure each other. Those of an earlier host are kept."""
    records: list[Record] = []
    ended = ""  # why the rest is left out
    for each in run.trials.trials:
        view.trial_started(each.id)
        record = _settled(run, each) or _measured(run, each, on, view, ended)
        ended = ended or _ENDS.get(record.status, "")
        records.append(record)
        view.trial_ended(record)
    if not ended:
        with contextlib.suppress(EngineLostError):  # then it is `bakeoff clean` that removes it
            on.engine.sweep(on.run_id, on.lease)
    return records


def _settled(run: Run, each: PlannedTrial) -> Record | None:
    """Return what an earlier host recorded of a trial, None where it is still to be run, or to its end."""
    record = run.folder.trial(each.id).record()
    return None if record is None or record.status in OPEN or record.cause == "engine-restart" else record


def _measured(run: Run, each: PlannedTrial, on: TrialSetup, view: View, ended: str) -> Record:
    written, ready = each.contender.written, run.ready
    if ended:
        return run.folder.trial(each.id).record() or _left_out(each, on, run.folder, Status.SKIPPED, ended)
    if written in ready.refused:
        return _left_out(each, on, run.folder, Status.FAILED, ready.refused[written], "not-prepared")
    if run.beginning.reuse and (
        found := earlier.find_reusable(with_audit(on, each).trial, ready.prepared[written], run.folder)
    ):
        record = earlier.reuse(found, run.folder)
        view.say(f"{each.id} is taken over from {record.reused_from}; --fresh runs it again")
        return record
    folder = run.folder.trial(each.id)
    if (since := folder.started_at()) is not None:
        view.say(f"{each.id} was started by an earlier bakeoff at {since:%Y-%m-%d %H:%M:%S} UTC: looking for it")
    return run_trial(on, each, ready.prepared[written], folder, view.event)


def _left_out(
    each: PlannedTrial, on: TrialSetup, folder: RunFolder, status: Status, reason: str, cause: str = ""
) -> Record:
    record = not_started(each, on.engine.name, status, reason, cause)
    folder.trial(each.id).write_record(record)
    return record
