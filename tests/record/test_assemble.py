"""What a trial sent and left becomes its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines.engine import Leftovers, WorkerExit
from orchestrator.record.assemble import Evidence, assemble, unstarted_record
from orchestrator.record.record import Record, Status
from orchestrator.record.trial_verdict import Observed, StopReason
from orchestrator.stream.intake import EventCounts, Intake
from shared.events import Event, PhaseEnded
from tests.support.streams import (
    LABELS,
    PLANNED,
    PREPARED,
    REMARK,
    STORY,
    TRIAL,
    epoch,
    lines,
    logits,
    ready,
    run_ended,
)

ENDED = Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(0), reconnects=2)
LEFTOVERS = Leftovers({"predictions.npy": logits(LABELS)}, "first line\nlast line\n")


def recorded(
    events: Sequence[Event] = STORY, observed: Observed = ENDED, leftovers: Leftovers = LEFTOVERS, **known: Any
) -> Record:
    intake = Intake(TRIAL)
    for seconds, line in enumerate(lines(*events)):
        intake.take(line, float(seconds))
    started = datetime(2026, 11, 22, 8, 15, 0, 123456, UTC)
    evidence = Evidence(
        planned=PLANNED,
        prepared=PREPARED,
        engine="scripted",
        started_at=started,
        wall_seconds=6.5,
        intake=intake,
        observed=observed,
        leftovers=leftovers,
        **known,
    )
    return assemble(evidence, LABELS)


def test_a_trial_that_ended_well_is_recorded_whole() -> None:
    record = recorded()
    assert (record.status, record.reason) == (Status.DONE, "")
    assert (record.framework, record.framework_version, record.device) == ("PyTorch", "2.13.0+cpu", "cpu")
    assert (record.id, record.contender, record.recipe) == (TRIAL, "torch==2.13.0", "small")
    assert (record.started_at, record.wall_seconds) == ("2026-11-22T08:15:00+00:00", 6.5)
    assert (record.parameters, record.expected_parameters) == (650, 650)
    assert (record.test_accuracy, record.worker_test_accuracy) == (1.0, 1.0)
    assert (record.peak_memory_bytes, record.peak_memory_kind) == (512_000_000, "resident")
    assert record.image == "sha256:0123456789ab"
    assert record.events == EventCounts(received=7)
    assert record.reconnects == 2
    assert record.stderr_tail == ("first line", "last line")


def test_speed_is_trained_images_by_training_seconds_alone() -> None:
    assert [each.images_per_second for each in recorded().epochs] == [1200.0, 1200.0]


def test_phases_sum_training_and_evaluation_over_the_epochs() -> None:
    assert recorded().phases == {"import": 1.9, "training": 1.0, "evaluation": 0.2}


def test_a_record_comes_back_from_its_json() -> None:
    assert Record.model_validate_json(recorded().model_dump_json()) == recorded()


def test_missing_predictions_fail_a_worker_that_claims_to_be_done() -> None:
    record = recorded(leftovers=Leftovers())
    assert record.status is Status.FAILED
    assert record.reason == "no test logits to count accuracy from: predictions.npy is missing"
    assert record.test_accuracy is None
    assert len(record.epochs) == 2


def test_unreadable_predictions_fail_a_worker_that_claims_to_be_done() -> None:
    record = recorded(leftovers=Leftovers({"predictions.npy": b"no array"}))
    assert record.status is Status.FAILED
    assert record.reason.startswith("no test logits to count accuracy from: predictions.npy cannot be read")


def test_predictions_that_the_engine_would_not_take_are_named() -> None:
    record = recorded(leftovers=Leftovers(refused=("predictions.npy: a link",)))
    assert record.warnings == ("predictions.npy: a link",)


def test_missing_predictions_do_not_hide_why_a_worker_failed() -> None:
    record = recorded(STORY[:3], replace(ENDED, exit=WorkerExit(139)), Leftovers())
    assert record.reason.startswith("segmentation fault")


def test_the_host_counts_and_does_not_believe() -> None:
    record = recorded(leftovers=Leftovers({"predictions.npy": logits(LABELS, wrong=2)}))
    assert (record.test_accuracy, record.worker_test_accuracy) == (0.5, 1.0)
    assert record.status is Status.DONE


def test_what_never_came_is_none() -> None:
    record = recorded((), replace(ENDED, exit=WorkerExit(1)), Leftovers())
    names = ("framework", "device", "parameters", "test_loss", "worker_test_accuracy", "peak_memory_bytes")
    assert [getattr(record, name) for name in names] == [None] * 6
    assert (record.epochs, record.phases) == ((), {})


def test_a_diverged_epoch_is_remembered() -> None:
    assert recorded([ready(), epoch(1, train_loss=None, diverged=True), run_ended()]).diverged
    assert not recorded().diverged


def test_the_workers_warnings_are_kept() -> None:
    assert recorded([*STORY[:1], REMARK, *STORY[1:]]).warnings == ("one thread only",)


def test_of_a_long_log_the_last_forty_lines_are_kept() -> None:
    log = "\n".join(str(number) for number in range(100))
    tail = recorded(leftovers=replace(LEFTOVERS, stderr=log)).stderr_tail
    assert (len(tail), tail[0], tail[-1]) == (40, "60", "99")


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED])
def test_a_trial_without_a_worker_is_recorded_too(status: Status) -> None:
    record = unstarted_record(PLANNED, "docker", status, "no image")
    assert (record.status, record.reason, record.engine) == (status, "no image", "docker")
    assert (record.image, record.wall_seconds, record.started_at) == (None, None, None)
    assert record.expected_parameters == 650


def test_validation_is_counted_with_the_labels_of_the_recipes_slice() -> None:
    files = {**LEFTOVERS.files, "validation.npy": logits(LABELS, wrong=1)}
    left, labels = replace(LEFTOVERS, files=files), LABELS
    lines = {line.what: line for line in recorded(leftovers=left, validation_labels=labels).verified}
    assert (lines["validation-accuracy"].verdict, lines["validation-accuracy"].counted) == ("agrees", 0.75)
    assert lines["validation-loss"].verdict == "differs"


def test_an_older_workers_claims_are_not_checked_where_it_leaves_no_files_and_the_trial_is_done() -> None:
    record = recorded()
    unchecked = {line.what: line.reason for line in record.verified if line.verdict == "not checked"}
    assert record.status is Status.DONE
    assert unchecked["validation-loss"] == unchecked["validation-accuracy"] == "it left no validation.npy"
    assert unchecked["training-loss"] == unchecked["steps"] == "it left no steps.npz"
    assert unchecked["order"] == "it left no hash of an epoch's order"


@pytest.mark.parametrize(
    ("observed", "known", "reason"),
    [
        (ENDED, {}, "its events came late, through a feed that was opened again"),
        (replace(ENDED, reconnects=0), {"adopted": True}, "its events came late, through a feed that was opened again"),
        (replace(ENDED, reconnects=0, paused_seconds=3.0), {}, "it was paused"),
        (replace(ENDED, reconnects=0, no_feed="logs are off"), {}, "there was no live feed"),
    ],
)
def test_a_clock_is_not_checked_where_events_came_late(observed: Observed, known: dict[str, Any], reason: str) -> None:
    (clock,) = (line for line in recorded(observed=observed, **known).verified if line.what == "clock")
    assert (clock.verdict, clock.reason) == ("not checked", reason)


def test_a_clock_is_held_against_the_arrival_of_events() -> None:
    (clock,) = (line for line in recorded(observed=replace(ENDED, reconnects=0)).verified if line.what == "clock")
    assert clock.verdict == "differs"  # seven events came a second apart, and the worker tells of 3.1 s in all


def test_of_a_trial_that_is_not_done_no_claim_is_checked() -> None:
    assert recorded(leftovers=Leftovers()).verified == ()


@given(
    st.lists(
        st.builds(
            epoch,
            st.integers(1, 9),
            images=st.integers(1, 2**53),
            seconds=st.floats(1e-9, 1e40),
            evaluation_seconds=st.floats(0, 1e40),
            train_loss=st.none() | st.floats(-1e40, 1e40),
        ),
        max_size=4,
    ),
    st.floats(0, 1e40),
)
def test_whatever_passed_the_gate_makes_a_record_that_can_be_read_back(curve: list[Event], seconds: float) -> None:
    record = recorded([ready(), PhaseEnded("data", seconds), *curve, run_ended()])
    assert Record.model_validate_json(record.model_dump_json()) == record


def test_a_record_takes_no_unknown_key() -> None:
    document: dict[str, Any] = {**recorded().model_dump(), "note": "hello"}
    with pytest.raises(ValueError, match="note"):
        Record.model_validate(document)


def test_a_child_killed_for_memory_is_told_though_the_worker_finished() -> None:
    record = recorded(observed=Observed(stop_reason=StopReason.EXITED, exit=WorkerExit(0, oom_killed=True)))
    assert record.status is Status.DONE
    assert record.warnings == ("the kernel killed one of the worker's children for want of memory",)


def test_the_workers_facts_are_recorded() -> None:
    leftovers = replace(LEFTOVERS, files={**LEFTOVERS.files, "facts.json": b'{"libc": "glibc 2.36"}'})
    assert recorded(leftovers=leftovers).facts == {"libc": "glibc 2.36"}


def test_facts_that_cannot_be_read_are_none_and_a_warning_says_why() -> None:
    record = recorded(leftovers=replace(LEFTOVERS, files={**LEFTOVERS.files, "facts.json": b'{"libc": 2}'}))
    assert (record.status, record.facts) == (Status.DONE, {})
    assert record.warnings == ("facts.json holds a value that is no text of up to 1000 characters",)
