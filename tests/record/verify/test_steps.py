"""What an epoch says of itself is what its steps give, each batch weighed by its images."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.record.verify.line import Verified
from orchestrator.record.verify.steps import batch_sizes, read_steps, verify_amounts, verify_steps
from shared.recipe import Slice
from tests.support.streams import SMALL, epoch

RECIPE = replace(
    SMALL,
    data=replace(SMALL.data, train=Slice("train", 0, 10)),
    training=replace(SMALL.training, batch_size=4),
)
"""Two epochs of three steps: 4, 4 and 2 images."""

LOSSES = np.array([2.0, 2.0, 3.0, 1.0, 1.0, 2.0])
CORRECT = np.array([1.0, 2.0, 2.0, 4.0, 3.0, 1.0])
EPOCHS = [
    epoch(1, images=10, train_loss=2.2, train_accuracy=0.5),
    epoch(2, images=10, train_loss=1.2, train_accuracy=0.8),
]


def steps(epochs: Any = EPOCHS, losses: Any = LOSSES, correct: Any = CORRECT) -> dict[str, Verified]:
    arrays = {"losses": losses} if correct is None else {"losses": losses, "correct": correct}
    return {line.what: line for line in verify_steps(RECIPE, epochs, arrays, "float32")}


def test_the_last_batch_has_what_is_left_of_the_images() -> None:
    assert batch_sizes(RECIPE).tolist() == [4, 4, 2]
    assert batch_sizes(replace(RECIPE, training=replace(RECIPE.training, batch_size=5))).tolist() == [5, 5]
    assert batch_sizes(replace(RECIPE, training=replace(RECIPE.training, batch_size=64))).tolist() == [10]


def test_means_by_images_agree() -> None:
    assert {what: line.verdict for what, line in steps().items()} == {
        "steps": "agrees",
        "training-loss": "agrees",
        "training-accuracy": "agrees",
    }


def test_a_mean_over_steps_that_weighs_a_smaller_batch_as_a_whole_one_differs() -> None:
    line = steps([EPOCHS[0], replace(EPOCHS[1], train_loss=4 / 3)])["training-loss"]
    assert (line.verdict, line.epoch, line.claimed) == ("differs", 2, 4 / 3)
    assert line.counted == pytest.approx(1.2)


def test_a_last_batch_left_out_of_loss_or_accuracy_differs() -> None:
    assert steps([replace(EPOCHS[0], train_loss=2.0), EPOCHS[1]])["training-loss"].verdict == "differs"
    assert steps([replace(EPOCHS[0], train_accuracy=0.375), EPOCHS[1]])["training-accuracy"].verdict == "differs"


def test_the_rounding_of_a_sum_in_float32_is_no_difference() -> None:
    assert steps([replace(EPOCHS[0], train_loss=2.2 * (1 + 1e-6)), EPOCHS[1]])["training-loss"].verdict == "agrees"


def test_a_step_too_few_differs_and_leaves_the_means_unchecked() -> None:
    lines = steps(losses=LOSSES[:4], correct=CORRECT[:4])
    assert (lines["steps"].verdict, lines["steps"].claimed, lines["steps"].counted) == ("differs", 4, 6)
    assert {lines[what].verdict for what in ("training-loss", "training-accuracy")} == {"not checked"}


def test_without_right_answers_accuracy_alone_is_not_checked() -> None:
    lines = steps(correct=None)
    assert (lines["training-loss"].verdict, lines["training-accuracy"].verdict) == ("agrees", "not checked")
    assert lines["training-accuracy"].reason == "it left no count of right answers in steps.npz"


def test_a_loss_that_is_not_finite_makes_its_epochs_none() -> None:
    broken = np.where(LOSSES == 3.0, np.inf, LOSSES)
    assert steps([replace(EPOCHS[0], train_loss=None), EPOCHS[1]], broken)["training-loss"].verdict == "agrees"
    assert steps(losses=broken)["training-loss"].verdict == "differs"


def amounts(epochs: Any, *, lost: bool = False) -> dict[str, tuple[str, float | None]]:
    return {line.what: (line.verdict, line.claimed) for line in verify_amounts(RECIPE, epochs, lost=lost)}


def test_images_and_epochs_are_the_recipes() -> None:
    assert amounts(EPOCHS) == {"epochs": ("agrees", 2), "images": ("agrees", 10)}
    assert amounts([EPOCHS[0], replace(EPOCHS[1], images=8)])["images"] == ("differs", 8)


@pytest.mark.parametrize(
    ("epochs", "claimed"), [(EPOCHS[:1], 1), ([EPOCHS[1], EPOCHS[0]], 0), ([*EPOCHS, EPOCHS[1]], 3), ([], 0)]
)
def test_an_epoch_too_few_too_many_or_out_of_order_differs(epochs: Any, claimed: int) -> None:
    assert amounts(epochs)["epochs"] == ("differs", claimed)


def test_where_events_were_lost_epochs_are_not_counted() -> None:
    assert amounts(EPOCHS[:1], lost=True)["epochs"] == ("not checked", None)


def archive(**arrays: Any) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK", "steps.npz cannot be read: not an archive to its last byte"),
        (archive(norms=LOSSES), "steps.npz holds no list of losses"),
        (archive(losses=LOSSES.reshape(2, 3)), "steps.npz holds no list of losses"),
    ],
)
def test_a_file_without_losses_says_why(content: bytes, reason: str) -> None:
    assert read_steps(content) == ({}, reason)


def test_the_files_arrays_are_read() -> None:
    arrays, reason = read_steps(archive(losses=LOSSES, correct=CORRECT))
    assert (arrays["losses"].tolist(), sorted(arrays), reason) == (LOSSES.tolist(), ["correct", "losses"], "")
