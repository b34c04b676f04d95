"""Confusion matrices, and which test images a report shows, by logits that a test brings."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.analyse.image_answers import TrialLogits, confusions, shown_images, softmax

LABELS = np.array([3, 3, 7, 0, 9, 5], np.uint8)
IMAGES = {"8x8": np.arange(6 * 64, dtype=np.uint32).astype(np.uint8).reshape(6, 8, 8)}


def logits(*answers: tuple[int, float]) -> NDArray[Any]:
    """Return logits whose largest is each answer's, ahead of the nine others by so much."""
    found = np.zeros((len(answers), 10), np.float32)
    for image, (digit, ahead) in enumerate(answers):
        found[image, digit] = ahead
    return found


def trial(contender: str, *answers: tuple[int, float], recipe: str = "r") -> TrialLogits:
    return TrialLogits(f"{contender}.{recipe}", contender, recipe, "8x8", logits(*answers))


RIGHT = ((3, 9.0), (3, 9.0), (7, 9.0), (0, 9.0), (9, 9.0), (5, 9.0))
#         differs, unsure  differs, sure  both wrong, sure  right  one wrong, sure  right
ONE = trial("one", (3, 9.0), (3, 9.0), (1, 8.0), (0, 9.0), (9, 9.0), (5, 9.0))
OTHER = trial("other", (8, 1.0), (8, 7.0), (1, 6.0), (0, 9.0), (4, 5.0), (5, 9.0))


def test_a_confusion_matrix_counts_answers_by_the_digit_shown() -> None:
    (found,) = confusions([ONE], LABELS)
    assert (found.trial, found.contender, found.recipe) == ("one.r", "one", "r")
    assert found.counts[3][3] == 2
    assert found.counts[7] == (0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert sum(map(sum, found.counts)) == len(LABELS)


def test_images_that_are_answered_differently_come_first_the_surest_of_them_on_top() -> None:
    found = shown_images([ONE, OTHER], LABELS, IMAGES)
    apart = [image.number for image in found if image.kind == "answered differently"]
    assert apart == [1, 4, 0]
    assert [image.number for image in found if image.kind == "wrong most surely"] == [2]


def test_an_image_has_its_pixels_its_label_and_every_answer_with_its_probability() -> None:
    first = shown_images([ONE, OTHER], LABELS, IMAGES)[0]
    assert (first.label, first.side) == (3, 8)
    assert base64.b64decode(first.pixels) == IMAGES["8x8"][1].tobytes()
    assert [(answer.contender, answer.digit) for answer in first.answers] == [("one", 3), ("other", 8)]
    assert first.answers[1].probability == pytest.approx(np.exp(7) / (np.exp(7) + 9), abs=1e-4)


def test_contenders_that_are_right_about_all_images_show_none() -> None:
    assert shown_images([trial("one", *RIGHT), trial("other", *RIGHT)], LABELS, IMAGES) == ()
    assert shown_images([], LABELS, IMAGES) == ()


def test_twelve_images_are_shared_out_among_the_recipes() -> None:
    labels = np.zeros(40, np.uint8)
    images = {"8x8": np.zeros((40, 8, 8), np.uint8)}
    for recipes, share in ((1, 12), (3, 4), (20, 2)):
        trials = [
            trial(name, *[(digit, 5.0)] * 40, recipe=f"r{number}")
            for number in range(recipes)
            for name, digit in (("one", 0), ("other", 1))
        ]
        found = shown_images(trials, labels, images)
        assert len(found) == recipes * share
        assert sum(image.kind == "answered differently" for image in found) == recipes * share / 2


def test_a_trial_with_a_logit_that_is_not_finite_is_counted_and_not_shown() -> None:
    broken = trial("broken", *RIGHT)
    broken.logits[0, 0] = np.nan
    assert confusions([broken], LABELS)[0].counts[7][7] == 1
    found = shown_images([broken, OTHER], LABELS, IMAGES)
    assert {answer.contender for image in found for answer in image.answers} == {"other"}


def test_softmax_of_large_logits_overflows_nowhere() -> None:
    found = softmax(np.array([[1e4, 1e4, *[-1e4] * 8]], np.float32))
    assert found[0, :2] == pytest.approx([0.5, 0.5])
