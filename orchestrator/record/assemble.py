"""Turns what a trial sent and left into its record: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.audit import Expected, compare_with_expected
from orchestrator.engines.engine import Leftovers, Prepared
from orchestrator.plan.plan import PlannedTrial
from orchestrator.record.causes import CAUSES
from orchestrator.record.record import Epoch, Record, Status
from orchestrator.record.verdict import Observed, Verdict, verdict
from orchestrator.spec.tracks import not_stepwise, track
from orchestrator.stream import facts as worker_facts
from orchestrator.stream.intake import Intake
from orchestrator.stream.predictions import PredictionsError, accuracy
from shared.events import EpochEnded, Event, PhaseEnded, RunEnded, Warned, WorkerReady
from shared.recipe import parameter_count

STDERR_TAIL_LINES = 40
STDERR_LINE_LENGTH = 1000

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Evidence:
    """All that is known of a trial whose worker was started."""

    planned: PlannedTrial
    prepared: Prepared
    engine: str
    started_at: datetime
    wall_seconds: float
    intake: Intake
    watched: Observed
    left: Leftovers
    expected: Expected | None = None  # of the audit, where one was asked for
    data_sha256: str = ""  # of the images that the host supplied; "" is not held against the worker's


def assemble(facts: Evidence, test_labels: NDArray[np.uint8]) -> Record:
    """Judge and record a trial. Test accuracy is counted here, from the worker's logits."""
    events = [numbered.event for numbered in facts.intake.ordered]
    tail = tuple(line[:STDERR_LINE_LENGTH] for line in facts.left.stderr.splitlines()[-STDERR_TAIL_LINES:])
    judged, test_accuracy = _scored(_judged(facts, events, tail), facts.left, test_labels)
    told, refused = _told(facts.left)
    ready = _last(events, WorkerReady)
    ended = _last(events, RunEnded)
    epochs = tuple(_epoch(event) for event in events if isinstance(event, EpochEnded))
    return _blank(facts.planned, facts.engine).model_copy(
        update={
            "status": judged.status,
            "reason": judged.reason,
            "cause": judged.cause,
            "image": facts.prepared.image,
            "started_at": facts.started_at.isoformat(timespec="seconds"),
            "wall_seconds": facts.wall_seconds,
            **(_identity(ready) if ready else {}),
            **(_last_word(ended) if ended else {}),
            "facts": {**told, **facts.prepared.facts},  # the host's own word last: no worker says how it was made
            "relaxations": facts.prepared.relaxations,
            "phases": _phases(events, epochs),
            "epochs": epochs,
            "audit": compare_with_expected(facts.expected, facts.left.files.get("audit.npz"))
            if facts.expected and judged.status is Status.DONE
            else (),
            "diverged": any(event.diverged for event in events if isinstance(event, EpochEnded)),
            "test_accuracy": test_accuracy,
            "warnings": (*_warnings(facts, events), *refused),
            "stderr_tail": tail,
            "events": facts.intake.counts(),
            "reconnects": facts.watched.reconnects,
            "paused_seconds": facts.watched.paused_seconds,
            "retries": (*facts.prepared.retries, *facts.watched.outages),
        }
    )


def not_started(planned: PlannedTrial, engine: str, status: Status, reason: str, cause: str = "") -> Record:
    """Record a trial that never had a worker: not prepared, not started, skipped."""
    named = cause or _UNSTARTED.get(status, "not-started")
    return _blank(planned, engine).model_copy(update={"status": status, "reason": reason, "cause": named})


_UNSTARTED = {Status.SKIPPED: "skipped", Status.INTERRUPTED: "interrupted", Status.UNKNOWN: "engine-lost"}


def _judged(facts: Evidence, events: Sequence[Event], stderr_tail: Sequence[str]) -> Verdict:
    return verdict(
        facts.watched.ending,
        facts.watched.exit,
        events,
        stderr_tail=stderr_tail,
        limit=facts.watched.limit,
        device=facts.planned.trial.device,
        engine_was_away=facts.watched.engine_was_away,
        unseen=facts.watched.unseen,
        data_sha256=facts.data_sha256,
    )


def _blank(planned: PlannedTrial, engine: str) -> Record:
    contender, trial = planned.contender, planned.trial
    return Record(
        id=planned.id,
        contender=contender.written,
        framework=None,
        framework_version=None,
        title=contender.title,
        colour=contender.colour,
        recipe=trial.recipe.name,
        seed=trial.seed,
        run=planned.run,
        role=planned.role,
        track=track(trial.recipe),
        not_stepwise=not_stepwise(trial.recipe),
        precision=trial.precision,
        engine=engine,
        device=None,
        status=Status.SKIPPED,
        reason="",
        image=None,
        started_at=None,
        wall_seconds=None,
        worker_seconds=None,
        expected_parameters=parameter_count(trial.recipe),
        shared_start=trial.recipe.initial.draw == "shared",
        shared_order=trial.recipe.training.order != "framework",
    )


def _scored(judged: Verdict, left: Leftovers, labels: NDArray[np.uint8]) -> tuple[Verdict, float | None]:
    """Count test accuracy; a worker that claims to be done without readable logits failed."""
    predictions = left.files.get("predictions.npy")
    if predictions is None:
        return _unscored(judged, "predictions.npy is missing"), None
    try:
        return judged, accuracy(predictions, labels)
    except PredictionsError as error:
        return _unscored(judged, str(error)), None


def _unscored(judged: Verdict, reason: str) -> Verdict:
    done = judged.status is Status.DONE
    told = f"{CAUSES['no-predictions'].happened}: {reason}"
    return Verdict(Status.FAILED, told, "no-predictions") if done else judged


def _told(left: Leftovers) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read the worker's facts; where they cannot be read it has none, and a warning says why."""
    try:
        content = left.files.get(worker_facts.FILE)
        return ({} if content is None else worker_facts.read(content)), ()
    except worker_facts.FactsError as error:
        return {}, (f"{worker_facts.FILE} {error}",)


def _warnings(facts: Evidence, events: list[Event]) -> Iterator[str]:
    yield from (event.message for event in events if isinstance(event, Warned))
    yield from facts.left.refused
    watched = facts.watched
    if watched.exit is not None and watched.exit.oom_killed and watched.exit.code == 0:
        yield CAUSES["oom-child"].happened
    if watched.no_feed:
        yield f"there was no live feed, so its events came from its file at the end ({watched.no_feed})"


def _identity(ready: WorkerReady) -> dict[str, object]:
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


def _last_word(ended: RunEnded) -> dict[str, object]:
    return {
        "test_loss": ended.test_loss,
        "worker_test_accuracy": ended.test_accuracy,
        "peak_memory_bytes": ended.peak_memory_bytes,
        "peak_memory_kind": ended.peak_memory_kind,
        "worker_seconds": ended.wall_seconds,
    }


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


def _phases(events: list[Event], epochs: tuple[Epoch, ...]) -> dict[str, float]:
    """Seconds by phase in the order they ended; training and evaluation are sums over the epochs."""
    phases = {event.phase: event.seconds for event in events if isinstance(event, PhaseEnded)}
    if epochs:
        phases["training"] = sum(epoch.seconds for epoch in epochs)
        phases["evaluation"] = sum(epoch.evaluation_seconds for epoch in epochs)
    return phases


def _last(events: list[Event], kind: type[E]) -> E | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)
