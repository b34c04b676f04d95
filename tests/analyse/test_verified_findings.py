"""A claim that is not borne out becomes a finding of fixed words; what was not checked becomes a note or none."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.summary import Finding
from orchestrator.record.verify.line import CLAIMS, Verified, What
from tests.analyse.test_findings import only, record
from tests.support.streams import TRIAL


def finding(what: What, **line: Any) -> Finding:
    return only(record(verified=(Verified(what=what, verdict="differs", **line),)))


@pytest.mark.parametrize(
    ("what", "line", "name", "message"),
    [
        (
            "test-loss",
            {"claimed": 0.25, "counted": 0.5},
            "test-loss-mismatch",
            f"{TRIAL} says test loss 0.25; its own logits give 0.5.",
        ),
        (
            "validation-loss",
            {"claimed": 0.123456789, "counted": None, "epoch": 2},
            "validation-loss-mismatch",
            f"{TRIAL} says validation loss 0.12345679 after epoch 2; its own logits give no finite number.",
        ),
        (
            "validation-accuracy",
            {"claimed": 0.99, "counted": 0.1023, "epoch": 2},
            "validation-accuracy-mismatch",
            f"{TRIAL} says validation accuracy 0.99 after epoch 2; its own logits give 0.1023.",
        ),
        (
            "training-loss",
            {"claimed": 2.1, "counted": 2.2, "epoch": 1},
            "training-loss-mismatch",
            f"{TRIAL} says training loss 2.1 for epoch 1; the losses of its steps give 2.2.",
        ),
        (
            "training-accuracy",
            {"claimed": 0.5, "counted": 0.4, "epoch": 1},
            "training-accuracy-mismatch",
            f"{TRIAL} says training accuracy 0.5 for epoch 1; the right answers of its steps give 0.4.",
        ),
        ("epochs", {"claimed": 1, "counted": 2}, "epoch-count", f"{TRIAL} tells of 1 epochs, its recipe has 2."),
        (
            "steps",
            {"claimed": 1172, "counted": 1_173},
            "step-count",
            f"{TRIAL} left the losses of 1,172 steps, its recipe has 1,173.",
        ),
        (
            "images",
            {"claimed": 48_000, "counted": 50_000, "epoch": 3},
            "image-count",
            f"{TRIAL} says that it trained 48,000 images in epoch 3, its recipe has 50,000.",
        ),
        (
            "first-weights",
            {},
            "first-weights-mismatch",
            f"{TRIAL} did not start from the first weights that recipe and seed give.",
        ),
        (
            "order",
            {"epoch": 2},
            "order-mismatch",
            f"{TRIAL} tells of another order of the images in epoch 2 than recipe and seed give.",
        ),
        (
            "first-losses",
            {"claimed": 2.31, "counted": 2.3, "step": 1},
            "first-losses-mismatch",
            f"The loss of step 1 of {TRIAL} is 2.31; the float64 reference, trained on the order's own images, "
            "gives 2.3.",
        ),
        (
            "epoch-seconds",
            {"claimed": 2.0, "counted": 1.5, "epoch": 1},
            "epoch-longer-than-its-clock",
            f"{TRIAL} says 2.00 s of training and evaluation for epoch 1; only 1.50 s passed.",
        ),
    ],
)
def test_a_claim_that_is_not_borne_out_is_an_error_that_names_the_trial_and_both_numbers(
    what: What, line: dict[str, Any], name: str, message: str
) -> None:
    found = finding(what, **line)
    assert (found.id, found.severity, found.message, found.trials) == (name, "error", message, (TRIAL,))


def test_time_in_no_phase_and_a_slow_clock_are_warnings_about_the_speed() -> None:
    idle, slow = finding("time-in-no-phase", claimed=4.0, counted=8.0), finding("clock", claimed=5.0, counted=10.0)
    assert (idle.id, idle.severity) == ("time-in-no-phase", "warning")
    assert idle.message == (
        f"50% of the epochs' wall time of {TRIAL} stands in no phase: it tells of 4.00 s of 8.00 s."
    )
    assert (slow.id, slow.severity) == ("clock-slow", "warning")
    assert slow.message == f"{TRIAL} says that 5.00 s passed where the host counted 10.00 s."


def test_a_file_that_is_none_of_the_contracts_is_an_error_with_its_reason() -> None:
    found = finding("validation-loss", reason="validation.npy cannot be read: ValueError")
    assert (found.id, found.severity) == ("validation-loss-mismatch", "error")
    assert found.message == (
        f"No validation loss of {TRIAL} can be counted: validation.npy cannot be read: ValueError."
    )


def test_every_number_has_words_of_its_own() -> None:
    messages = {finding(what, claimed=1.0, counted=2.0, epoch=3, step=4).message for what in CLAIMS}
    assert len(messages) == len(CLAIMS)


def test_what_an_older_worker_does_not_leave_is_one_note_for_all_its_numbers() -> None:
    reason = "it left no validation.npy"
    lines = tuple(
        Verified(what=what, verdict="not checked", reason=reason) for what in ("validation-loss", "validation-accuracy")
    )
    note = only(record(verified=lines))
    assert (note.id, note.severity) == ("not-checked", "note")
    assert note.message == f"Not checked of {TRIAL}: validation loss, validation accuracy; {reason}."


def test_what_a_recipe_makes_impossible_to_check_and_what_agrees_is_no_finding() -> None:
    dropout = Verified(what="first-losses", verdict="not checked", reason="dropout draws other masks in each framework")
    right = Verified(what="images", verdict="agrees", claimed=600, counted=600)
    with pytest.raises(ValueError, match="not enough values"):
        only(record(verified=(dropout, right)))
