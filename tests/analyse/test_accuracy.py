"""Whether two contenders answer the same test images rightly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.accuracy import Answers, accuracy_differences, paired_interval, read_answers
from orchestrator.analyse.summary import AccuracyDifference
from orchestrator.record.record import Status
from tests.analyse.test_findings import record
from tests.support.streams import logits
from tests.support.summaries import TF, TORCH


def answers(contender: str, right: str, trial: str = "t", seed: int = 1) -> Answers:
    """Write right answers as 1, wrong ones as 0."""
    return Answers(trial, contender, "matched", seed, np.array([letter == "1" for letter in right]))


def difference(*found: Answers) -> AccuracyDifference:
    (only,) = accuracy_differences(found, TF)
    return only


def test_only_images_that_one_has_right_and_the_other_wrong_count() -> None:
    found = difference(answers(TF, "1100110011"), answers(TORCH, "1110010011"))
    assert (found.gained, found.lost, found.difference) == (1, 1, 0.0)
    assert found.verdict == "no difference shown"


def test_the_same_answers_are_equal_image_by_image_and_the_interval_still_has_a_width() -> None:
    found = difference(answers(TF, "10" * 500), answers(TORCH, "10" * 500))
    assert found.verdict == "equal, image by image"
    assert found.low == -found.high < 0


def test_what_one_contender_answers_differently_when_run_twice_is_the_floor() -> None:
    twice = answers(TF, "1111", "a"), answers(TF, "1110", "b")
    assert difference(*twice, answers(TORCH, "0111")).verdict == "equal within the floor"
    assert difference(*twice, answers(TORCH, "0111")).floor_images == 1
    assert difference(answers(TF, "1111"), answers(TORCH, "0111")).floor_images is None


def test_a_difference_that_the_interval_keeps_from_zero_is_different() -> None:
    found = difference(answers(TF, "1" * 1000), answers(TORCH, "1" * 900 + "0" * 100))
    assert found.verdict == "different"
    assert found.difference == pytest.approx(-0.1)
    assert found.low < -0.1 < found.high < 0


def test_seeds_are_compared_within_themselves() -> None:
    assert accuracy_differences([answers(TF, "1"), answers(TORCH, "0", seed=2)], TF) == ()


def test_the_interval_is_the_published_one() -> None:
    """Worked by hand: n = 10, 3 and 1 discordant: p = 4/12 and 2/12, d = 1/6, s = sqrt((1/2 - 1/36) / 12)."""
    low, high = paired_interval(3, 1, 10)
    middle, margin = 1 / 6, 1.959964 * ((0.5 - 1 / 36) / 12) ** 0.5
    assert (low, high) == pytest.approx((middle - margin, middle + margin))


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_the_interval_holds_the_difference_and_turns_round_with_the_contenders(up: int, down: int, both: int) -> None:
    images = up + down + both + 1
    low, high = paired_interval(up, down, images)
    assert -1 <= low < high <= 1
    assert paired_interval(down, up, images) == pytest.approx((-high, -low))


def test_answers_are_read_from_a_done_trial_of_the_matched_track() -> None:
    labels = np.array([0, 1, 2, 3], np.uint8)
    found = read_answers(record(track="matched"), logits(labels, 1), labels)
    assert found is not None
    assert found.right.sum() == 3
    assert read_answers(record(track="as written"), logits(labels), labels) is None
    assert read_answers(record(track="matched", status=Status.FAILED), logits(labels), labels) is None
    assert read_answers(record(track="matched"), None, labels) is None
