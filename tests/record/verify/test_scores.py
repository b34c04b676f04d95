"""Loss and accuracy are counted from the logits, and the worker's own are held against them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestrator.record.verify.line import Verified
from orchestrator.record.verify.scores import verify_test_loss, verify_validation
from tests.support.arrays import npy
from tests.support.streams import LABELS, epoch, run_ended

LOGITS = np.array([[0.5 * (column == label) for column in range(10)] for label in (7, 2, 1, 3)], np.float32)
"""Three of four images are right."""

RIGHT, WRONG = np.log(np.exp(0.5) + 9) - 0.5, np.log(np.exp(0.5) + 9)
LOSS = float(3 * RIGHT + WRONG) / 4
"""Of softmax cross-entropy by hand: an image that is wrong gives its label a logit of 0."""


def validation(content: bytes | None = npy(LOGITS), labels: Any = LABELS, **claimed: Any) -> list[Verified]:
    told = epoch(2, **{"val_loss": LOSS, "val_accuracy": 0.75, **claimed})
    return verify_validation(told, content, labels, "float32", gpu=False)


def verdicts(lines: list[Verified]) -> list[tuple[str, str]]:
    return [(line.what, line.verdict) for line in lines]


def test_what_the_logits_give_agrees() -> None:
    assert verdicts(validation()) == [("validation-loss", "agrees"), ("validation-accuracy", "agrees")]
    (test,) = verify_test_loss(run_ended(test_loss=LOSS), npy(LOGITS), LABELS, "float32")
    assert (test.verdict, test.claimed) == ("agrees", LOSS)
    assert test.counted == pytest.approx(LOSS, rel=1e-12)


def test_a_loss_that_the_logits_do_not_give_differs_and_both_numbers_are_kept() -> None:
    loss, accuracy = validation(val_loss=LOSS - 0.001)
    assert (loss.verdict, loss.claimed, loss.epoch, accuracy.verdict) == ("differs", LOSS - 0.001, 2, "agrees")
    assert loss.counted == pytest.approx(LOSS, rel=1e-12)


def test_rounding_of_float32_is_no_difference_and_in_float64_it_would_be_one() -> None:
    told = run_ended(test_loss=LOSS + 1e-6)
    assert verify_test_loss(told, npy(LOGITS), LABELS, "float32")[0].verdict == "agrees"
    assert verify_test_loss(told, npy(LOGITS), LABELS, "float64")[0].verdict == "differs"


def test_an_accuracy_that_is_rounded_up_differs() -> None:
    _, accuracy = validation(val_accuracy=0.76)
    assert (accuracy.verdict, accuracy.claimed, accuracy.counted) == ("differs", 0.76, 0.75)


def test_on_a_gpu_one_image_may_change_its_answer_between_two_passes() -> None:
    labels, logits = np.zeros(100, np.uint8), np.eye(10, dtype=np.float32)[np.zeros(100, int)]
    told = epoch(1, val_loss=float(np.log(np.e + 9) - 1), val_accuracy=0.99)
    on_cpu, on_gpu = (verify_validation(told, npy(logits), labels, "float32", gpu=gpu)[1] for gpu in (False, True))
    assert (on_cpu.verdict, on_gpu.verdict) == ("differs", "agrees")


@pytest.mark.parametrize(
    ("content", "labels", "verdict", "reason"),
    [
        (None, LABELS, "not checked", "it left no validation.npy"),
        (npy(LOGITS), None, "not checked", "the host has no labels of these images"),
        (b"no array", LABELS, "differs", "validation.npy cannot be read: ValueError"),
        (npy(LOGITS[:3]), LABELS, "differs", "validation.npy holds float32[3, 10]; expected float32 or float64[4, 10]"),
    ],
)
def test_a_missing_file_is_not_checked_and_one_that_is_none_of_the_contracts_agrees_with_nothing(
    content: bytes | None, labels: Any, verdict: str, reason: str
) -> None:
    lines = validation(content, labels)
    assert [(line.verdict, line.reason) for line in lines] == [(verdict, reason)] * 2


def test_a_loss_that_is_not_finite_agrees_with_none_and_with_no_number() -> None:
    broken = npy(np.full((4, 10), np.nan, np.float32))
    assert verdicts(validation(broken, val_loss=None)) == [
        ("validation-loss", "agrees"),
        ("validation-accuracy", "not checked"),
    ]
    assert validation(broken, val_loss=0.1)[0].verdict == "differs"
    assert validation(val_loss=None)[0].verdict == "differs"
