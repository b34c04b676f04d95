"""Runs the trials of a plan, block after block, from a first host or a later one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestrator.engines.engine import EngineLostError
from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.progress.view import View
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.between_blocks import BetweenBlocks
from orchestrator.run.block import blocks
from orchestrator.run.by_turns import Entrant, Steps, run_by_turns
from orchestrator.run.enough import Decided, Enough
from orchestrator.run.member import Member
from orchestrator.run.one_trial import TrialSetup, run_trial, trial_steps, with_audit
from orchestrator.run.relay import Relay
from orchestrator.run.reuse import find_reusable, reuse

_WHY_REST_IS_SKIPPED = {
    Status.INTERRUPTED: "the comparison was interrupted before its turn",
    Status.UNKNOWN: "the comparison ended before its turn; `bakeoff resume` runs it",
}
"""Why the rest is left out, after a trial of this status."""

RESUMABLE = (Status.UNKNOWN, Status.INTERRUPTED, Status.SKIPPED)
"""What a resumed run takes up again, beside what an engine's restart ended. What failed has been measured, and is not
tried until it passes."""


def run_all(
    plan: Plan, setup: TrialSetup, folder: RunFolder, view: View, decided: Decided | None = None
) -> list[Record]:
    """Run the trials, one training at a time: two would measure each other. Records of an earlier host are kept.

    With `decided`, which is asked between blocks, the rest of what is measured is left out once it says so.
    """
    manifest = folder.read_manifest()
    setup = replace(setup, run_id=folder.id, lease=manifest.lease, turn_seconds=manifest.turn_seconds)
    run, enough = _Run(setup, folder, manifest, view), Enough(decided)
    between = BetweenBlocks(plan, folder, setup.sentinel)
    for block in blocks(plan.trials, setup.prepared) if setup.turn_seconds else [(each,) for each in plan.trials]:
        if any(_earlier_record(folder, planned) for planned in block):
            enough.begun(block[0])
        if enough.wants(block[0], list(run.records.values()), run.ended):
            if not run.ended:
                between.before(block)
            run.block(block)
    if not run.ended:
        with contextlib.suppress(EngineLostError):  # then it is `bakeoff clean` that removes it
            setup.engine.sweep(setup.run_id, setup.lease)
    return [run.records[planned.id] for planned in plan.trials if planned.id in run.records]


@dataclass
class _Run:
    """A run under way: what its trials share, and the records so far."""

    setup: TrialSetup
    folder: RunFolder
    manifest: Manifest
    view: View
    records: dict[str, Record] = field(default_factory=dict)  # by trial
    ended: str = ""  # why the rest is left out

    def block(self, block: Sequence[PlannedTrial]) -> None:
        """Run the trials of a block that are still to be run, by turns where they are several."""
        left = []
        for planned in block:
            record = _earlier_record(self.folder, planned) or self._without_worker(planned)
            if record is None:
                left.append(planned)
            else:
                self.view.trial_started(planned.id)
                self._keep(record)
        if not self.ended and len(block) > 1:
            self._together(block, left)
        for planned in left:
            if planned.id not in self.records:
                self.view.trial_started(planned.id)
                self._keep(self._skip(planned) if self.ended else self._alone(planned))

    def _without_worker(self, planned: PlannedTrial) -> Record | None:
        """Take over a finished trial of an earlier run, or record as failed what could not be prepared."""
        contender, trial_folder = planned.contender.written, self.folder.trial(planned.id)
        if self.ended:
            return None
        if contender in self.manifest.refused:
            refusal = self.manifest.refused[contender]
            record = unstarted_record(planned, self.setup.engine.name, Status.FAILED, refusal, "not-prepared")
            trial_folder.write_record(record)
            return record
        wanted = with_audit(self.setup, planned).trial
        prepared = self.setup.prepared[contender]
        if not self.manifest.reuse or not (earlier := find_reusable(wanted, prepared, self.folder)):
            return None
        record = reuse(earlier, self.folder)
        self.view.say(f"{planned.id} is taken over from {record.reused_from}; --fresh runs it again")
        return record

    def _alone(self, planned: PlannedTrial) -> Record:
        self._say_started_before(planned)
        prepared, folder = self.setup.prepared[planned.contender.written], self.folder.trial(planned.id)
        return run_trial(self.setup, planned, prepared, folder, self.view.event)

    def _together(self, block: Sequence[PlannedTrial], left: Sequence[PlannedTrial]) -> None:
        """Run by turns what is left of a block; the order of its rounds is drawn from the run's seed."""
        wake = threading.Event()
        entrants = [self._entrant(planned, len(block), wake) for planned in left]
        seed = f"{self.manifest.order_seed} {block[0].id}"
        relay = Relay([entrant.member for entrant in entrants], self.setup.turn_seconds or 0.0, seed)
        run_by_turns(entrants, relay, wake, self.setup.limits.tick_seconds, self._keep)

    def _entrant(self, planned: PlannedTrial, alive: int, wake: threading.Event) -> Entrant:
        def begin(member: Member) -> Steps:
            self.view.trial_started(planned.id)
            self._say_started_before(planned)
            prepared, folder = self.setup.prepared[planned.contender.written], self.folder.trial(planned.id)
            return trial_steps(self.setup, planned, prepared, folder, self.view.event, member)

        return Entrant(Member(planned.trial.recipe.training.epochs, alive=alive, ring=wake.set), begin)

    def _say_started_before(self, planned: PlannedTrial) -> None:
        since = self.folder.trial(planned.id).started_at()
        if since is not None:
            when = f"{since:%Y-%m-%d %H:%M:%S} UTC"
            self.view.say(f"{planned.id} was started by an earlier bakeoff at {when}: looking for it")

    def _skip(self, planned: PlannedTrial) -> Record:
        """Leave a trial out; what an earlier host recorded of it stays."""
        folder = self.folder.trial(planned.id)
        record = folder.record()
        if record is None:
            record = unstarted_record(planned, self.setup.engine.name, Status.SKIPPED, self.ended)
            folder.write_record(record)
        return record

    def _keep(self, record: Record) -> None:
        self.records[record.id] = record
        self.ended = self.ended or _WHY_REST_IS_SKIPPED.get(record.status, "")
        self.view.trial_ended(record)


def _earlier_record(folder: RunFolder, planned: PlannedTrial) -> Record | None:
    """Return what an earlier host recorded of a trial, None where it is still to be run, or to its end."""
    record = folder.trial(planned.id).record()
    return None if record is None or record.status in RESUMABLE or record.cause == "engine-restart" else record
