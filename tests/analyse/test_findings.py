"""Every caution, and that silence means nothing was found."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.findings import findings
from orchestrator.analyse.summary import Curve, Finding, StepDifference
from orchestrator.audit.line import AuditLine
from orchestrator.engines.engine import FOREIGN
from orchestrator.record.assemble import unstarted_record
from orchestrator.record.record import Epoch, Record, Status
from orchestrator.stream.intake import EventCounts
from tests.support.streams import PLANNED, TRIAL

OTHER = "tf-2.21.0.small.s1"


def record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "status": Status.DONE,
        "reason": "",
        "framework_version": "2.13.0+cpu",
        "image": "sha256:0123456789ab",
        "parameters": 650,
        "data_sha256": "da" * 32,
        "test_accuracy": 0.9712,
        "worker_test_accuracy": 0.9712,
        "epochs": tuple(epoch(number, 1000.0) for number in (1, 2)),
        "events": EventCounts(received=7),
    }
    return unstarted_record(PLANNED, "scripted", Status.DONE, "").model_copy(update={**fields, **changes})


def epoch(number: int, images_per_second: float) -> Epoch:
    return Epoch(
        epoch=number,
        train_loss=0.5,
        val_loss=0.5,
        train_accuracy=0.9,
        val_accuracy=0.9,
        seconds=600 / images_per_second,
        evaluation_seconds=0.1,
        images=600,
        images_per_second=images_per_second,
    )


def found(*records: Record, load: float | None = 0.1) -> list[tuple[str, str]]:
    return [(each.id, each.severity) for each in findings(CheckInput(records, cores=2, load=load))]


def only(*records: Record) -> Finding:
    (finding,) = findings(CheckInput(records, cores=2))
    return finding


def test_an_image_that_does_not_declare_the_contract_is_a_warning() -> None:
    finding = only(record(facts={"contract": FOREIGN}))
    assert (finding.id, finding.severity) == ("foreign-image", "warning")
    assert "--allow-foreign-image" in finding.advice


def test_a_relaxation_is_a_note_that_says_what_it_allows() -> None:
    finding = only(record(relaxations=("tmp-exec",)))
    assert (finding.id, finding.severity) == ("restriction-relaxed", "note")
    assert "tmp-exec (files in /tmp may be executed" in finding.message


def test_a_clean_comparison_has_no_findings() -> None:
    assert found(record(), record(id=OTHER)) == []


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.UNKNOWN, f"{TRIAL} was lost from sight: no memory."),
        (Status.FAILED, f"{TRIAL} failed: no memory."),
        (Status.TIMED_OUT, f"{TRIAL} timed out: no memory."),
        (Status.SKIPPED, f"{TRIAL} was skipped: no memory."),
        (Status.INTERRUPTED, f"{TRIAL} was interrupted: no memory."),
    ],
)
def test_a_trial_that_is_not_done_is_an_error_with_its_reason(status: Status, told: str) -> None:
    finding = only(record(status=status, reason="no memory"))
    assert (finding.id, finding.severity, finding.message) == (f"trial-{status.value}", "error", told)
    assert finding.trials == (TRIAL,)
    assert "stderr.log" in finding.advice


def test_a_trial_without_a_worker_points_at_no_log() -> None:
    alone = only(record(status=Status.FAILED, cause="not-prepared", reason="no image", image=None))
    assert alone.advice == "Correct what the reason names."


def test_a_failed_trial_says_what_to_do_next() -> None:
    finding = only(record(status=Status.FAILED, cause="oom", reason="no memory"))
    assert finding.advice.startswith("Try a smaller --batch-size")
    assert finding.advice.endswith("Its log is stderr.log in the trial's folder.")


def test_a_pause_warns_of_the_speed() -> None:
    finding = only(record(paused_seconds=61.5))
    assert (finding.id, finding.severity) == ("was-paused", "warning")
    assert finding.message == f"{TRIAL} was paused from outside for about 62 s."


def test_what_was_tried_again_is_told() -> None:
    finding = only(record(retries=("pulling x: rate limit, trying again in 1 s",)))
    assert (finding.id, finding.message) == (
        "tried-again",
        f"{TRIAL}, tried again: pulling x: rate limit, trying again in 1 s.",
    )


def test_a_network_of_another_size_is_an_error() -> None:
    assert only(record(parameters=1650)).message == f"{TRIAL} trained 1,650 parameters, its recipe has 650."


def test_a_worker_that_counts_otherwise_than_the_host_is_an_error() -> None:
    finding = only(record(worker_test_accuracy=0.9912))
    assert finding.id == "accuracy-mismatch"
    assert finding.message == f"{TRIAL} says test accuracy 0.9912; its own logits give 0.9712."


def test_rounding_is_no_mismatch() -> None:
    assert found(record(worker_test_accuracy=0.9712 + 1e-12)) == []


def test_an_accuracy_that_was_not_told_is_no_mismatch() -> None:
    assert found(record(worker_test_accuracy=None), record(id=OTHER, test_accuracy=None)) == []


def test_different_images_in_one_recipe_are_an_error_of_both() -> None:
    finding = only(record(), record(id=OTHER, data_sha256="ff" * 32))
    assert (finding.id, finding.severity, finding.trials) == ("data-differ", "error", (TRIAL, OTHER))


def test_different_images_in_different_recipes_are_as_they_should_be() -> None:
    assert found(record(), record(id=OTHER, recipe="large", data_sha256="ff" * 32)) == []


def test_a_shared_start_that_is_not_shared_is_an_error_of_both() -> None:
    one = record(shared_start=True, initial_weights_sha256="aa")
    finding = only(one, one.model_copy(update={"id": OTHER, "initial_weights_sha256": "bb"}))
    assert (finding.id, finding.severity, finding.trials) == ("start-differs", "error", (TRIAL, OTHER))


def test_a_shared_order_that_is_not_shared_is_an_error_of_both() -> None:
    ordered, otherwise = (
        record(id=name, shared_order=True, epochs=(epoch(1, 1000.0).model_copy(update={"order_sha256": sha256}),))
        for name, sha256 in ((TRIAL, "aa"), (OTHER, "bb"))
    )
    finding = only(ordered, otherwise)
    assert (finding.id, finding.severity, finding.trials) == ("order-differs", "error", (TRIAL, OTHER))


def test_starts_differ_as_they_should_between_seeds_and_where_none_was_shared() -> None:
    one = record(shared_start=True, initial_weights_sha256="aa")
    other = one.model_copy(update={"id": OTHER, "initial_weights_sha256": "bb"})
    assert found(one, other.model_copy(update={"seed": 2})) == []
    assert found(*(each.model_copy(update={"shared_start": False}) for each in (one, other))) == []


def test_a_red_audit_is_an_error_that_names_its_first_wrong_tensor() -> None:
    green = AuditLine(tensor="logits", largest_absolute_error=1e-7, norm_relative_error=1e-7, agrees=True)
    off = AuditLine(tensor="gradients.0.kernel", largest_absolute_error=0.1, norm_relative_error=0.03, agrees=False)
    lost = AuditLine(tensor="loss", largest_absolute_error=None, norm_relative_error=None, agrees=False)
    assert found(record(audit=(green,))) == []
    told = only(record(audit=(green, off)))
    assert (told.id, told.severity) == ("audit-red", "error")
    assert "gradients.0.kernel is off by 3.0e-02 of its norm." in told.message
    assert "loss is missing or not finite, and 1 more of 2 tensors are" in only(record(audit=(lost, off))).message


def test_lost_and_refused_events_are_warnings() -> None:
    counts = EventCounts(received=5, lost=2, rejected=3)
    assert found(record(events=counts)) == [("events-lost", "warning"), ("lines-rejected", "warning")]


def test_another_version_than_asked_for_is_an_error() -> None:
    finding = only(record(framework_version="2.12.1+cpu"))
    assert finding.message == f"{TRIAL} was asked for torch==2.13.0 and ran 2.12.1+cpu."


@pytest.mark.parametrize("contender", ["torch", "mine@me/worker:2.13"])
def test_where_no_version_was_asked_for_any_will_do(contender: str) -> None:
    assert found(record(contender=contender, framework_version="2.12.1")) == []


def test_a_diverged_loss_is_a_warning() -> None:
    assert found(record(diverged=True)) == [("diverged", "warning")]


def test_epochs_of_uneven_speed_are_a_warning_above_a_tenth() -> None:
    assert found(record(epochs=(epoch(1, 1000.0), epoch(2, 1099.0)))) == []
    finding = only(record(epochs=(epoch(1, 1000.0), epoch(2, 1250.0))))
    assert finding.message == f"The epochs of {TRIAL} differ in speed by 25%."


def test_uneven_trials_are_one_warning_that_names_the_worst() -> None:
    slow, slower = (
        record(id=name, epochs=(epoch(1, 1000.0), epoch(2, speed))) for name, speed in (("a", 800.0), ("b", 500.0))
    )
    told = only(slow, slower)
    assert told.message == "The epochs of b differ in speed by 100%, and those of 1 more trial by over 10%."
    assert told.trials == ("a", "b")


def test_one_epoch_has_nothing_to_differ_from() -> None:
    assert found(record(epochs=(epoch(1, 10.0),))) == []


def test_what_the_worker_warned_of_is_a_note() -> None:
    finding = only(record(warnings=("one thread only",)))
    assert (finding.severity, finding.message) == ("note", f"{TRIAL}: one thread only.")


def test_a_busy_machine_is_a_warning_of_the_whole() -> None:
    assert found(record(), load=1.0) == []
    assert found(record(), load=1.01) == [("busy-machine", "warning")]
    assert found(record(), load=None) == []


def test_a_variable_that_no_worker_gets_is_a_warning_that_says_what_to_write() -> None:
    variables = {"TF_ENABLE_ONEDNN_OPTS": "0, and no worker gets it: tf[onednn-off] does the same"}
    (found,) = findings(CheckInput([], 2, variables=variables))
    assert (found.id, found.severity) == ("variable-ignored", "warning")
    assert found.message == ("TF_ENABLE_ONEDNN_OPTS is set to 0, and no worker gets it: tf[onednn-off] does the same.")


def test_errors_come_first_and_notes_last() -> None:
    noted = record(warnings=("w",), diverged=True)
    failed = record(id=OTHER, status=Status.FAILED)
    assert [severity for _, severity in found(noted, failed)] == ["error", "warning", "note"]


def test_rounding_that_a_kink_amplified_is_no_finding_and_a_mistake_is_one() -> None:
    def apart(largest: float, first_beyond: int | None) -> StepDifference:
        curve = Curve(steps=(1,), loss=(0.0,), gradient_norm=(), weight_norm=())
        return StepDifference(
            recipe="matched",
            seed=1,
            kind="between",
            contenders=("tf", "torch"),
            trials=("a", "b"),
            precision="float32",
            tolerance=1e-5,
            steps=300,
            largest_early=largest,
            largest=largest,
            first_beyond=first_beyond,
            curve=curve,
        )

    assert findings(CheckInput([], 2, None, [apart(2e-5, 261), apart(5e-2, None), apart(5e-2, 400)])) == ()
    (found,) = findings(CheckInput([], 2, None, [apart(5e-2, 7)]))
    assert (found.id, found.trials) == ("parity-broken", ("a", "b"))


def test_trials_of_one_contender_that_did_not_run_alike_are_a_note() -> None:
    one = record(framework="PyTorch", modes={"threads_intra_op": "2"}, facts={"package six": "1"})
    other = one.model_copy(update={"id": OTHER, "modes": {"threads_intra_op": "4"}, "facts": {"package six": "2"}})
    finding = only(one, other)
    assert (finding.id, finding.severity, finding.trials) == ("facts-vary", "note", (TRIAL, OTHER))
    assert finding.message == "The trials of torch==2.13.0 on small did not run alike: threads_intra_op changed."


def test_trials_of_two_recipes_or_contenders_need_not_run_alike() -> None:
    one = record(framework="PyTorch", modes={"layout": "NCHW"})
    for changes in ({"recipe": "large"}, {"contender": "tf", "framework": "TensorFlow"}):
        assert found(one, one.model_copy(update={"id": OTHER, "modes": {"layout": "NHWC"}, **changes})) == []


def test_versions_of_one_framework_that_differ_in_more_than_the_version_are_a_note() -> None:
    one = record(framework="PyTorch", versions={"torch": "2.13.0+cpu", "cuda": "12.9", "cudnn": "91000"})
    newer = {"torch": "2.14.1+cpu", "cuda": "13.0", "cudnn": "91400"}
    other = one.model_copy(
        update={"id": OTHER, "contender": "torch==2.14.1", "framework_version": "2.14.1+cpu", "versions": newer}
    )
    finding = only(one, other)
    assert (finding.id, finding.severity) == ("more-than-the-version", "note")
    assert finding.message == (
        "torch==2.13.0 and torch==2.14.1 differ besides the version in what changes results or speed: cuda, cudnn."
    )
    alike = other.model_copy(update={"versions": {**one.versions, "torch": "2.14.1+cpu"}})
    assert found(one, alike) == []
