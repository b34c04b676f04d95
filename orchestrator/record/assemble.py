"""Assembles the record of a trial from what it sent and left: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.audit import Expected, compare_with_expected
from orchestrator.audit.line import AuditLine
from orchestrator.engines.engine import Leftovers, Prepared
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.cause_table import CAUSES
from orchestrator.record.record import Epoch, Record, Status, Turn, Waits
from orchestrator.record.trial_verdict import Observed, Verdict, verdict
from orchestrator.record.verify.clock import Times
from orchestrator.record.verify.line import Verified
from orchestrator.record.verify.verify import Claims, verify
from orchestrator.spec.tracks import not_stepwise, track
from orchestrator.stream import facts as worker_facts
from orchestrator.stream.intake import Intake
from orchestrator.stream.predictions import PredictionsError, accuracy
from shared.events import EpochEnded, Event, PhaseEnded, RunEnded, TurnEnded, Warned, WorkerReady
from shared.leftovers import AUDIT, FACTS, PREDICTIONS
from shared.recipe import parameter_count

STDERR_TAIL_LINES = 40
STDERR_LINE_LENGTH = 1000

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known of a trial whose worker was started."""

    planned: PlannedTrial
    prepared: Prepared
    engine: str
    started_at: datetime
    wall_seconds: float
    intake: Intake
    observed: Observed
    leftovers: Leftovers
    expected: Expected | None = None  # of the audit, where one was asked for
    validation_labels: NDArray[np.uint8] | None = None  # (images,) of the recipe's slice; None: not to be had
    adopted: bool = False  # an earlier host started the worker
    data_sha256: str = ""  # of the images that the host supplied; "" is not held against the worker's
    waits: Waits = field(default_factory=Waits)


def assemble(evidence: Evidence, test_labels: NDArray[np.uint8]) -> Record:
    """Judge and record a trial. Test accuracy is counted here, from the worker's logits."""
    leftovers, observed, prepared = evidence.leftovers, evidence.observed, evidence.prepared
    events = [numbered.event for numbered in evidence.intake.ordered]
    stderr_tail = tuple(line[:STDERR_LINE_LENGTH] for line in leftovers.stderr.splitlines()[-STDERR_TAIL_LINES:])
    judged, test_accuracy = _count_accuracy(_judge(evidence, events, stderr_tail), leftovers, test_labels)
    facts, facts_warnings = _read_facts(leftovers)
    epochs = tuple(_epoch(event) for event in events if isinstance(event, EpochEnded))
    return Record(
        **_plan_fields(evidence.planned, evidence.engine),
        **_ready_fields(_last(events, WorkerReady)),
        **_end_fields(_last(events, RunEnded)),
        status=judged.status,
        reason=judged.reason,
        cause=judged.cause,
        image=prepared.image,
        started_at=evidence.started_at.isoformat(timespec="seconds"),
        wall_seconds=evidence.wall_seconds,
        facts={**facts, **prepared.facts},  # the host's own word last: no worker says how it was made
        relaxations=prepared.relaxations,
        phases=_phases(events, epochs),
        epochs=epochs,
        turns=tuple(_turn(event) for event in events if isinstance(event, TurnEnded)),
        waits=evidence.waits,
        audit=_audit(evidence, judged),
        verified=_verify(evidence, judged, test_labels),
        diverged=any(event.diverged for event in events if isinstance(event, EpochEnded)),
        test_accuracy=test_accuracy,
        warnings=(*_warnings(evidence, events), *facts_warnings),
        stderr_tail=stderr_tail,
        events=evidence.intake.counts(),
        reconnects=observed.reconnects,
        paused_seconds=observed.paused_seconds,
        retries=(*prepared.retries, *observed.outages),
    )


def unstarted_record(planned: PlannedTrial, engine: str, status: Status, reason: str, cause: str = "") -> Record:
    """Record a trial that never had a worker: not prepared, not started, skipped."""
    return Record(
        **_plan_fields(planned, engine),
        **_ready_fields(None),
        **_end_fields(None),
        status=status,
        reason=reason,
        cause=cause or _UNSTARTED.get(status, "not-started"),
        image=None,
        started_at=None,
        wall_seconds=None,
    )


_UNSTARTED = {Status.SKIPPED: "skipped", Status.INTERRUPTED: "interrupted", Status.UNKNOWN: "engine-lost"}
"""The cause by status, of a trial without a worker; other statuses are "not-started"."""


def _plan_fields(planned: PlannedTrial, engine: str) -> dict[str, Any]:
    """Return the fields of a record that are known before its trial."""
    contender, trial = planned.contender, planned.trial
    return {
        "id": planned.id,
        "contender": contender.written,
        "title": contender.title,
        "colour": contender.colour,
        "recipe": trial.recipe.name,
        "seed": trial.seed,
        "run": planned.run,
        "role": planned.role,
        "track": track(trial.recipe),
        "not_stepwise": not_stepwise(trial.recipe),
        "precision": trial.precision,
        "by_turns": trial.turns,
        "engine": engine,
        "expected_parameters": parameter_count(trial.recipe),
        "shared_start": trial.recipe.initial.draw == "shared",
        "shared_order": trial.recipe.training.order != "framework",
    }


def _ready_fields(ready: WorkerReady | None) -> dict[str, Any]:
    """Return the fields that a worker fills when it stands ready."""
    if ready is None:
        return {"framework": None, "framework_version": None, "device": None}
    return {
        "framework": ready.framework,
        "framework_version": ready.framework_version,
        "device": ready.device,
        "parameters": ready.parameters,
        "initial_weights_sha256": ready.initial_weights_sha256,
        "data_sha256": ready.data_sha256,
        "versions": ready.versions,
        "modes": ready.modes,
    }


def _end_fields(ended: RunEnded | None) -> dict[str, Any]:
    """Return the fields that a worker fills with its last word."""
    if ended is None:
        return {"worker_seconds": None}
    return {
        "test_loss": ended.test_loss,
        "worker_test_accuracy": ended.test_accuracy,
        "peak_memory_bytes": ended.peak_memory_bytes,
        "peak_memory_kind": ended.peak_memory_kind,
        "worker_seconds": ended.wall_seconds,
    }


def _judge(evidence: Evidence, events: Sequence[Event], stderr_tail: Sequence[str]) -> Verdict:
    return verdict(
        evidence.observed,
        events,
        stderr_tail=stderr_tail,
        device=evidence.planned.trial.device,
        data_sha256=evidence.data_sha256,
    )


def _audit(evidence: Evidence, judged: Verdict) -> tuple[AuditLine, ...]:
    """Hold the worker's audit against what was expected; empty where none was asked for, or the trial is not done."""
    if evidence.expected is None or judged.status is not Status.DONE:
        return ()
    return compare_with_expected(evidence.expected, evidence.leftovers.files.get(AUDIT))


def _verify(evidence: Evidence, judged: Verdict, test_labels: NDArray[np.uint8]) -> tuple[Verified, ...]:
    """Hold the worker's claims against what it left; nothing where the trial is not done."""
    if judged.status is not Status.DONE:
        return ()
    intake, ordered = evidence.intake, evidence.intake.ordered
    return verify(
        Claims(
            trial=evidence.planned.trial,
            events=ordered,
            files=evidence.leftovers.files,
            times=Times(
                events=ordered,
                epoch_starts=intake.epoch_starts,
                arrivals=intake.arrivals,
                no_arrivals=_why_no_arrivals(evidence),
                waited_seconds=evidence.waits.seconds,
            ),
            test_labels=test_labels,
            validation_labels=evidence.validation_labels,
            first_losses=evidence.expected.first_losses if evidence.expected else (),
            lost_events=intake.counts().lost,
        )
    )


def _why_no_arrivals(evidence: Evidence) -> str:
    """Return why the times at which events arrived say nothing of the worker's clock; "" where they do."""
    observed = evidence.observed
    if observed.no_feed:
        return "there was no live feed"
    if evidence.adopted or observed.reconnects:
        return "its events came late, through a feed that was opened again"
    return "it was paused" if observed.paused_seconds else ""


def _count_accuracy(judged: Verdict, leftovers: Leftovers, labels: NDArray[np.uint8]) -> tuple[Verdict, float | None]:
    """Count test accuracy; a worker that claims to be done without readable logits failed."""
    predictions = leftovers.files.get(PREDICTIONS)
    if predictions is None:
        return _fail_uncounted(judged, f"{PREDICTIONS} is missing"), None
    try:
        return judged, accuracy(predictions, labels)
    except PredictionsError as error:
        return _fail_uncounted(judged, str(error)), None


def _fail_uncounted(judged: Verdict, reason: str) -> Verdict:
    if judged.status is not Status.DONE:
        return judged
    return Verdict(Status.FAILED, f"{CAUSES['no-predictions'].happened}: {reason}", "no-predictions")


def _read_facts(leftovers: Leftovers) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read the worker's facts; where they cannot be read it has none, and a warning says why."""
    try:
        content = leftovers.files.get(FACTS)
        return ({} if content is None else worker_facts.read(content)), ()
    except worker_facts.FactsError as error:
        return {}, (f"{FACTS} {error}",)


def _warnings(evidence: Evidence, events: list[Event]) -> Iterator[str]:
    yield from (event.message for event in events if isinstance(event, Warned))
    yield from evidence.leftovers.refused
    observed = evidence.observed
    if observed.exit is not None and observed.exit.oom_killed and observed.exit.code == 0:
        yield CAUSES["oom-child"].happened
    if observed.no_feed:
        yield f"there was no live feed, so its events came from its file at the end ({observed.no_feed})"


def _epoch(event: EpochEnded) -> Epoch:
    return Epoch(
        epoch=event.epoch,
        train_loss=event.train_loss,
        val_loss=event.val_loss,
        train_accuracy=event.train_accuracy,
        val_accuracy=event.val_accuracy,
        seconds=event.seconds,
        evaluation_seconds=event.evaluation_seconds,
        images=event.images,
        images_per_second=event.images / event.seconds,
        order_sha256=event.order_sha256,
    )


def _turn(event: TurnEnded) -> Turn:
    return Turn(round=event.round, epoch=event.epoch, images=event.images, seconds=event.seconds)


def _phases(events: list[Event], epochs: tuple[Epoch, ...]) -> dict[str, float]:
    """Seconds by phase in the order they ended; training and evaluation are sums over the epochs."""
    phases = {event.phase: event.seconds for event in events if isinstance(event, PhaseEnded)}
    if epochs:
        phases["training"] = sum(epoch.seconds for epoch in epochs)
        phases["evaluation"] = sum(epoch.evaluation_seconds for epoch in epochs)
    return phases


def _last(events: list[Event], kind: type[E]) -> E | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)
