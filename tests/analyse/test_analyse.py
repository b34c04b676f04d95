"""Records become the summary that every report is made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.analyse import analyse, summarise_trial
from orchestrator.analyse.load import RunResults
from orchestrator.analyse.summary import Environment, Summary
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.record import Record, Status, TrialResult
from orchestrator.stream.intake import EventCounts
from tests.analyse.test_findings import epoch, record
from tests.support.streams import PLANNED, TRIAL
from tests.support.summaries import crossover

PROMISED = (
    "id contender framework framework_version recipe seed engine device status reason image parameters"
    " initial_weights_sha256 train_loss val_loss test_accuracy images_per_second peak_memory_bytes wall_seconds"
    " phases events epochs track role reused_from reconnects"
    " by_turns waits run started_at cause paused_seconds retries log_tail ratio_to_reference verified"
)


def summed(*records: Record, **changes: Any) -> Summary:
    comparison = crossover().comparison.model_copy(update=changes)
    environment = Environment(host={"cpu": "a made-up processor"})
    return analyse(RunResults(comparison=comparison, environment=environment, records=records, cores=2, load=0.1))


def with_speeds(speeds: Sequence[float]) -> Record:
    return record(epochs=tuple(epoch(number, speed) for number, speed in enumerate(speeds, start=1)))


def test_a_trials_row_has_exactly_the_promised_keys() -> None:
    assert set(summarise_trial(record()).model_dump()) == set(PROMISED.split())


def test_an_epochs_row_has_exactly_the_promised_keys() -> None:
    (first, _) = summarise_trial(record()).model_dump()["epochs"]
    promised = "epoch train_loss val_loss train_accuracy val_accuracy seconds images_per_second"
    promised += " evaluation_seconds images order_sha256"
    assert set(first) == set(promised.split())


def test_the_last_epochs_losses_are_the_trials() -> None:
    first, last = epoch(1, 1000.0), epoch(2, 1000.0).model_copy(update={"train_loss": 0.25, "val_loss": None})
    row = summarise_trial(record(epochs=(first, last)))
    assert (row.train_loss, row.val_loss) == (0.25, None)


def test_one_slow_epoch_does_not_move_the_speed() -> None:
    assert summarise_trial(with_speeds([100.0, 1000.0, 1010.0, 1020.0, 1030.0])).images_per_second == 1010.0


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=9))
def test_the_speed_lies_within_the_epochs_speeds(speeds: list[float]) -> None:
    row = summarise_trial(with_speeds(speeds))
    assert row.images_per_second is not None
    assert min(speeds) <= row.images_per_second <= max(speeds)


def test_a_trial_without_a_worker_has_no_numbers_and_no_zeros() -> None:
    row = summarise_trial(unstarted_record(PLANNED, "docker", Status.SKIPPED, "interrupted"))
    absent = "framework device image parameters train_loss val_loss test_accuracy images_per_second wall_seconds"
    assert [getattr(row, name) for name in absent.split()] == [None] * 9
    assert (row.phases, row.epochs, row.events) == ({}, (), EventCounts())


def test_a_summary_keeps_the_order_of_the_trials_and_comes_back_from_its_json() -> None:
    summary = summed(record(), record(id="tf-2.21.0.small.s1"))
    assert [trial.id for trial in summary.trials] == [TRIAL, "tf-2.21.0.small.s1"]
    assert Summary.model_validate_json(summary.model_dump_json()) == summary


def test_findings_and_claims_are_part_of_the_summary() -> None:
    summary = summed(record(diverged=True, recipe="article-tf"))
    assert [finding.id for finding in summary.findings] == ["diverged", "too-short-to-time"]
    assert {claim.trial for claim in summary.claims} == {TRIAL}


def test_one_seed_is_said_to_be_one_seed() -> None:
    assert summed(record(), seeds=(1,)).single_seed_note.startswith("With one seed")
    assert summed(record(), seeds=(1, 2)).single_seed_note == ""


def test_a_comparison_without_a_record_is_a_summary_too() -> None:
    assert summed().trials == ()


def test_the_published_schema_requires_every_key_that_is_written() -> None:
    schema = Summary.model_json_schema(mode="serialization")
    assert set(schema["required"]) == set(schema["properties"])
    assert set(schema["$defs"]["TrialSummary"]["required"]) == set(PROMISED.split())


def test_a_row_says_the_same_as_its_record() -> None:
    one = record(retries=("pulled twice",), reconnects=2)
    row = summarise_trial(one)
    assert TrialResult.model_validate(row.model_dump(include=set(TrialResult.model_fields))) == TrialResult(
        **one.model_dump(include=set(TrialResult.model_fields))
    )
