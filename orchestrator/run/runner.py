"""Runs one trial to its end. A trial always leaves a record, whatever becomes of its worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.audit import Expected
from orchestrator.engines.engine import Engine, EngineLostError, Launch, Leftovers, Prepared, StartError, Worker
from orchestrator.engines.retry import Retry
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.assemble import Evidence, assemble, not_started
from orchestrator.record.record import Record, Status
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.record.verdict import Observed, StopReason
from orchestrator.run.watch import Limits, Watch
from orchestrator.stream import facts
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Intake
from orchestrator.values import Say
from shared.events import Event
from shared.trial import to_json

LEFT = ("events.jsonl", "predictions.npy", "steps.npz", "audit.npz", facts.FILE)


AWAY = (StopReason.ENGINE_LOST, StopReason.DETACHED)
"""The host leaves and the worker may go on: nothing is asked of it, nothing removed."""


@dataclass(frozen=True)
class TrialSetup:
    """What every trial of a run shares."""

    engine: Engine
    run_id: str  # the run folder's name; "" until there is one
    test_labels: NDArray[np.uint8]  # (images,)
    gpu: str | None = None  # UUID
    limits: Limits = field(default_factory=Limits)
    expected: Mapping[tuple[str, int], Expected] = field(default_factory=dict)  # by recipe and seed; absent: no audit
    data_sha256: Mapping[str, str] = field(default_factory=dict)  # by view, of what the host supplied; absent: not held
    say: Say = lambda _: None  # one line to whoever watches
    lease: str = ""  # of the run folder
    detach: bool = False  # Ctrl-C leaves the worker running
    prepared: Mapping[str, Prepared] = field(default_factory=dict)  # contenders that are ready, by written name
    refused: Mapping[str, str] = field(default_factory=dict)  # why the others are not, by written name

    @property
    def images(self) -> dict[str, str]:
        """Return what runs as each contender: an image id, or an environment's path."""
        return {name: prepared.image for name, prepared in self.prepared.items()}


def run_trial(
    bench: TrialSetup,
    planned: PlannedTrial,
    prepared: Prepared,
    folder: TrialFolder,
    on_event: Callable[[str, Event], None],
) -> Record:
    """Start the worker or take up an earlier host's, follow it, judge it, and write down what happened.

    Ctrl-C while it runs stops the worker and gives an `interrupted` record, or leaves it where the bench says so; a
    second Ctrl-C propagates, and leaves the worker to the next host as every other exception does.
    """
    planned = with_audit(bench, planned)
    environment = {"BAKEOFF_TRIAL": to_json(planned.trial)}
    launch = Launch(planned.id, bench.run_id, prepared, environment, bench.gpu, bench.lease)
    retry = Retry(bench.say)
    try:
        trial = retry.while_away(
            lambda: _taken_up(bench, planned, launch, folder), planned.id, bench.limits.engine_seconds
        )
    except KeyboardInterrupt:
        return _unstarted(bench, planned, folder, Status.INTERRUPTED, "stopped by the user")
    except StartError as error:
        return _unstarted(bench, planned, folder, Status.FAILED, f"could not start: {error}", "not-started")
    except EngineLostError as error:
        return _unstarted(bench, planned, folder, Status.UNKNOWN, f"the engine does not answer: {error}")
    with trial.worker:
        followed = _followed(bench, trial, on_event)
        outages = (*retry.kept, *followed.watched.outages)
        record = assemble(replace(followed, watched=replace(followed.watched, outages=outages)), bench.test_labels)
        folder.write_record(record)  # before the worker is removed: a host that is killed in between loses nothing
    return record


@dataclass(frozen=True)
class _Trial:
    """A trial under way."""

    planned: PlannedTrial
    prepared: Prepared
    folder: TrialFolder
    worker: Worker
    started_at: datetime
    adopted: bool

    @property
    def lived_seconds(self) -> float | None:
        """Return how long ago an earlier host started it, None where this one did."""
        return max(0.0, (datetime.now(UTC) - self.started_at).total_seconds()) if self.adopted else None


def with_audit(bench: TrialSetup, planned: PlannedTrial) -> PlannedTrial:
    """Ask for the audit where one is expected; this is what the worker gets."""
    expected = _expected(bench, planned)
    return replace(planned, trial=replace(planned.trial, audit=list(expected.indices))) if expected else planned


def _expected(bench: TrialSetup, planned: PlannedTrial) -> Expected | None:
    return bench.expected.get((planned.trial.recipe.name, planned.trial.seed))


def _unstarted(
    bench: TrialSetup, planned: PlannedTrial, folder: TrialFolder, status: Status, reason: str, cause: str = ""
) -> Record:
    record = not_started(planned, bench.engine.name, status, reason, cause)
    folder.write_record(record)
    return record


def _taken_up(bench: TrialSetup, planned: PlannedTrial, launch: Launch, folder: TrialFolder) -> _Trial:
    """Adopt the worker that an earlier host started, or start one."""
    started_at = folder.started_at()
    if started_at is not None and (worker := bench.engine.adopt(launch)) is not None:
        return _Trial(planned, launch.prepared, folder, worker, started_at, adopted=True)
    started_at = datetime.now(UTC)
    folder.begin(planned.trial, started_at)
    return _Trial(planned, launch.prepared, folder, bench.engine.start(launch), started_at, adopted=False)


def _followed(bench: TrialSetup, trial: _Trial, on_event: Callable[[str, Event], None]) -> Evidence:
    """Read the worker to its end, and collect what it left."""
    start, lived_seconds = time.monotonic(), trial.lived_seconds
    intake, recorded = Intake(trial.planned.id), trial.folder.recorded() if trial.adopted else b""
    with trial.folder.journal() as append:

        def keep(numbered: NumberedEvent) -> None:
            append(numbered)
            on_event(trial.planned.id, numbered.event)

        for numbered in intake.recall(recorded):
            on_event(trial.planned.id, numbered.event)
        watch = Watch(trial.worker, intake, keep, bench.limits, say=bench.say, lived_seconds=lived_seconds)
        watched = _watched(watch, detach=bench.detach)
    if watched.ending in AWAY:
        trial.worker.release()
    left = Leftovers() if watched.ending in AWAY else trial.worker.leftovers(LEFT)
    trial.folder.append(intake.fill(left.files.get("events.jsonl", b"")))
    trial.folder.write_left(left.files, left.stderr, intake.refusals)
    return Evidence(
        trial.planned,
        trial.prepared,
        bench.engine.name,
        trial.started_at,
        _wall_seconds(trial, watched, (lived_seconds or 0.0) + time.monotonic() - start),
        intake,
        watched,
        left,
        _expected(bench, trial.planned),
        bench.data_sha256.get(trial.planned.trial.recipe.data.view, ""),
    )


def _watched(watch: Watch, *, detach: bool) -> Observed:
    try:
        return watch.until_end()
    except KeyboardInterrupt:
        return Observed(StopReason.DETACHED, None, 0) if detach else watch.interrupted()


def _wall_seconds(trial: _Trial, watched: Observed, until_now_seconds: float) -> float:
    """Return how long the trial took: an adopted one may have ended long before its host came back."""
    ended_at = watched.exit.ended_at if watched.exit and trial.adopted else None
    return max(0.0, (ended_at - trial.started_at).total_seconds()) if ended_at else until_now_seconds
