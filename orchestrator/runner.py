"""Runs one trial to its end. A trial always leaves a record, whatever becomes of its worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from orchestrator import facts
from orchestrator.audit import Expected
from orchestrator.contract import Numbered
from orchestrator.engine import Engine, EngineLost, Launch, Leftovers, Prepared, Say, StartError
from orchestrator.plan import PlannedTrial
from orchestrator.record import Record, Status
from orchestrator.recording import Facts, record_of, unstarted
from orchestrator.retry import Retry
from orchestrator.store import TrialFolder
from orchestrator.stream import Intake
from orchestrator.verdict import Ending
from orchestrator.watch import Limits, Watch, Watched
from shared.events import Event
from shared.trial import to_json

LEFT = ("events.jsonl", "predictions.npy", "steps.npz", "audit.npz", facts.FILE)


@dataclass(frozen=True)
class Bench:
    """What every trial of a comparison shares."""

    engine: Engine
    run_id: str
    test_labels: NDArray[np.uint8]  # (images,)
    gpu: str | None = None  # UUID
    limits: Limits = field(default_factory=Limits)
    expected: Mapping[tuple[str, int], Expected] = field(default_factory=dict)  # by recipe and seed; absent: no audit
    data_sha256: Mapping[str, str] = field(default_factory=dict)  # by view, of what the host supplied; absent: not held
    say: Say = lambda _: None  # one line to whoever watches


def run_trial(
    bench: Bench,
    planned: PlannedTrial,
    prepared: Prepared,
    folder: TrialFolder,
    on_event: Callable[[str, Event], None],
) -> Record:
    """Start the worker, follow it, judge it, and write down what happened.

    Ctrl-C while it runs stops the worker and gives an `interrupted` record; a second
    Ctrl-C propagates.
    """
    planned, expected = audited(bench, planned), _expected(bench, planned)
    folder.write_trial(planned.trial)
    started_at, start = datetime.now(UTC), time.monotonic()
    intake = Intake(planned.id)

    def keep(numbered: Numbered) -> None:
        append(numbered)
        on_event(planned.id, numbered.event)

    try:
        with folder.journal() as append:
            watched, left = _follow(bench, planned, prepared, intake, keep)
    except StartError as error:
        record = unstarted(planned, bench.engine.name, Status.FAILED, f"could not start: {error}", "not-started")
    else:
        wall_seconds = time.monotonic() - start
        folder.append(intake.fill(left.files.get("events.jsonl", b"")))
        folder.write_left(left.files, left.stderr, intake.refusals)
        supplied = bench.data_sha256.get(planned.trial.recipe.data.view, "")
        known = Facts(
            planned, prepared, bench.engine.name, started_at, wall_seconds, intake, watched, left, expected, supplied
        )
        record = record_of(known, bench.test_labels)
    folder.write_record(record)
    return record


def audited(bench: Bench, planned: PlannedTrial) -> PlannedTrial:
    """Ask for the audit where one is expected; this is what the worker gets."""
    expected = _expected(bench, planned)
    return replace(planned, trial=replace(planned.trial, audit=list(expected.indices))) if expected else planned


def _expected(bench: Bench, planned: PlannedTrial) -> Expected | None:
    return bench.expected.get((planned.trial.recipe.name, planned.trial.seed))


def _follow(
    bench: Bench, planned: PlannedTrial, prepared: Prepared, intake: Intake, keep: Callable[[Numbered], None]
) -> tuple[Watched, Leftovers]:
    launch = Launch(planned.id, bench.run_id, prepared, {"BAKEOFF_TRIAL": to_json(planned.trial)}, bench.gpu)
    retry = Retry(bench.say)
    try:
        started = retry.while_away(lambda: bench.engine.start(launch), planned.id, bench.limits.engine_seconds)
    except KeyboardInterrupt:
        return Watched(Ending.INTERRUPTED, None, 0), Leftovers()
    except EngineLost:
        return Watched(Ending.ENGINE_LOST, None, 0, outages=tuple(retry.kept)), Leftovers()
    with started as worker:
        watch = Watch(worker, intake, keep, bench.limits, say=bench.say)
        try:
            watched = watch.until_end()
        except KeyboardInterrupt:
            watched = watch.interrupted()
        watched = replace(watched, outages=(*retry.kept, *watched.outages))
        return watched, worker.leftovers(LEFT)
