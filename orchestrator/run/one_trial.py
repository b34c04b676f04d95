"""Runs one trial to its end. A trial always leaves a record, whatever becomes of its worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.audit import Expected
from orchestrator.engines.engine import Engine, EngineLostError, Launch, Leftovers, Prepared, StartError, Worker
from orchestrator.engines.retry import Retry
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.assemble import Evidence, assemble, unstarted_record
from orchestrator.record.record import Record, Status
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.record.trial_verdict import Observed, StopReason
from orchestrator.run.member import Member
from orchestrator.run.watchdog import Limits, TrialClock, Watchdog
from orchestrator.stream.contract import NumberedEvent
from orchestrator.stream.intake import Intake
from orchestrator.values import Say
from shared.events import Event
from shared.leftovers import EVENTS, LEFTOVERS
from shared.recipe import Recipe
from shared.trial import to_json

WORKER_MAY_GO_ON = (StopReason.ENGINE_LOST, StopReason.DETACHED)
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
    turn_seconds: float | None = None  # that contenders of a recipe train by; None: as a whole
    data: Path = Path()  # the folder of the data set, as it was supplied to the engine
    prepared: Mapping[str, Prepared] = field(default_factory=dict)  # contenders that are ready, by written name
    refused: Mapping[str, str] = field(default_factory=dict)  # why the others are not, by written name
    sentinel: Callable[[], float] | None = None  # computes between blocks; None: the workers are on another machine
    train_labels: NDArray[np.uint8] | None = None  # (images,); None: validation on training images is not counted

    @property
    def images(self) -> dict[str, str]:
        """Return what runs as each contender: an image id, or an environment's path."""
        return {name: prepared.image for name, prepared in self.prepared.items()}


OnEvent = Callable[[str, Event], None]
"""Is told each event of a trial by its id, once."""


def run_trial(
    setup: TrialSetup, planned: PlannedTrial, prepared: Prepared, folder: TrialFolder, on_event: OnEvent
) -> Record:
    """Run one trial by itself, to its end."""
    steps = trial_steps(setup, planned, prepared, folder, on_event)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            record: Record = end.value
            return record


def trial_steps(
    setup: TrialSetup,
    planned: PlannedTrial,
    prepared: Prepared,
    folder: TrialFolder,
    on_event: OnEvent,
    member: Member | None = None,
) -> Generator[None, None, Record]:
    """Start the worker or adopt an earlier host's, follow it, judge it, and write down what happened.

    Stops wherever nothing was heard of the worker: others may be followed meanwhile. `member` is who it is to the
    relay of its block; without one it waits for what comes, and its turns are nobody's.
    Ctrl-C while it runs stops the worker and gives an `interrupted` record, or leaves it where the setup says so; a
    second Ctrl-C propagates, and leaves the worker to the next host as every other exception does.
    """
    member = member or Member()
    planned = with_audit(setup, planned)
    launch = _launch(setup, planned, prepared, member.alive)
    retry = Retry(setup.say)
    try:
        started = retry.while_away(
            lambda: _adopt_or_start(setup, planned, launch, folder), planned.id, setup.limits.engine_seconds
        )
    except KeyboardInterrupt:
        return _record_unstarted(setup, planned, folder, Status.INTERRUPTED, "stopped by the user")
    except StartError as error:
        return _record_unstarted(setup, planned, folder, Status.FAILED, f"could not start: {error}", "not-started")
    except EngineLostError as error:
        return _record_unstarted(setup, planned, folder, Status.UNKNOWN, f"the engine does not answer: {error}")
    with started.worker:
        member.enter(started.worker)
        evidence = yield from _follow(setup, started, on_event, retry.kept, member)
        record = assemble(evidence, setup.test_labels)
        folder.write_record(record)  # before the worker is removed: a host that is killed in between loses nothing
    return record


@dataclass(frozen=True, kw_only=True)
class _Started:
    """A trial whose worker was started, by this host or an earlier one."""

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


def _launch(setup: TrialSetup, planned: PlannedTrial, prepared: Prepared, alive: int) -> Launch:
    return Launch(
        trial_id=planned.id,
        run_id=setup.run_id,
        prepared=prepared,
        environment={"BAKEOFF_TRIAL": to_json(planned.trial)},
        data=setup.data,
        gpu=setup.gpu,
        lease=setup.lease,
        listens=planned.trial.turns,
        alive=alive,
    )


def with_audit(setup: TrialSetup, planned: PlannedTrial) -> PlannedTrial:
    """Ask for the audit where one is expected; this is what the worker gets."""
    expected = _expected(setup, planned)
    return replace(planned, trial=replace(planned.trial, audit=list(expected.indices))) if expected else planned


def _expected(setup: TrialSetup, planned: PlannedTrial) -> Expected | None:
    return setup.expected.get((planned.trial.recipe.name, planned.trial.seed))


def _validation_labels(setup: TrialSetup, recipe: Recipe) -> NDArray[np.uint8] | None:
    part = recipe.data.validation
    labels = setup.train_labels if part.file == "train" else setup.test_labels
    return None if labels is None else labels[part.start : part.stop]


def _record_unstarted(
    setup: TrialSetup, planned: PlannedTrial, folder: TrialFolder, status: Status, reason: str, cause: str = ""
) -> Record:
    record = unstarted_record(planned, setup.engine.name, status, reason, cause)
    folder.write_record(record)
    return record


def _adopt_or_start(setup: TrialSetup, planned: PlannedTrial, launch: Launch, folder: TrialFolder) -> _Started:
    """Adopt the worker that an earlier host started, or start one."""
    started_at = folder.started_at()
    worker = setup.engine.adopt(launch) if started_at is not None else None
    adopted = worker is not None
    if started_at is None or worker is None:
        started_at = datetime.now(UTC)
        folder.begin(planned.trial, started_at)
        worker = setup.engine.start(launch)
    return _Started(
        planned=planned,
        prepared=launch.prepared,
        folder=folder,
        worker=worker,
        started_at=started_at,
        adopted=adopted,
    )


def _follow(
    setup: TrialSetup, started: _Started, on_event: OnEvent, retries: Sequence[str], member: Member
) -> Generator[None, None, Evidence]:
    """Read the worker to its end, and collect what it left. `retries` were needed to start it, in words."""
    trial_id, worker, folder = started.planned.id, started.worker, started.folder
    start, lived_seconds = time.monotonic(), started.lived_seconds
    intake, journal = Intake(trial_id), folder.read_journal() if started.adopted else b""
    with folder.journal() as append:

        def keep(numbered: NumberedEvent) -> None:
            append(numbered)
            member.note(numbered.event)
            on_event(trial_id, numbered.event)

        for numbered in intake.recall(journal):
            member.remember(numbered.event)
            on_event(trial_id, numbered.event)
        clock = TrialClock(lived_seconds=lived_seconds, waited_seconds=member.waited_seconds)
        watch = Watchdog(worker, intake, keep, setup.limits, clock=clock, say=setup.say, ring=member.ring)
        observed = yield from _watch(watch, setup, 0.0 if member.alive > 1 else setup.limits.tick_seconds)
    leftovers = _collect(worker, folder, intake, observed)
    return Evidence(
        planned=started.planned,
        prepared=started.prepared,
        engine=setup.engine.name,
        started_at=started.started_at,
        wall_seconds=_wall_seconds(started, observed, (lived_seconds or 0.0) + time.monotonic() - start),
        intake=intake,
        observed=replace(observed, outages=(*retries, *observed.outages)),
        leftovers=leftovers,
        expected=_expected(setup, started.planned),
        validation_labels=_validation_labels(setup, started.planned.trial.recipe),
        adopted=started.adopted,
        data_sha256=setup.data_sha256.get(started.planned.trial.recipe.data.view, ""),
        waits=member.waits(),
    )


def _watch(watch: Watchdog, setup: TrialSetup, timeout_seconds: float) -> Generator[None, None, Observed]:
    try:
        while (observed := watch.look(timeout_seconds)) is None:
            yield
        return observed
    except KeyboardInterrupt:
        return Observed(stop_reason=StopReason.DETACHED) if setup.detach else watch.interrupt()


def _collect(worker: Worker, folder: TrialFolder, intake: Intake, observed: Observed) -> Leftovers:
    """Collect what an ended worker left and keep it; a worker that may go on is let be."""
    if observed.stop_reason in WORKER_MAY_GO_ON:
        worker.release()
        leftovers = Leftovers()
    else:
        leftovers = worker.leftovers(LEFTOVERS)
    folder.append(intake.fill(leftovers.files.get(EVENTS, b"")))
    folder.write_leftovers(leftovers.files, leftovers.stderr, intake.refusals)
    return leftovers


def _wall_seconds(started: _Started, observed: Observed, until_now_seconds: float) -> float:
    """Return how long the trial took: an adopted one may have ended long before its host came back."""
    ended_at = observed.exit.ended_at if observed.exit and started.adopted else None
    return max(0.0, (ended_at - started.started_at).total_seconds()) if ended_at else until_now_seconds
