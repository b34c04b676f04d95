"""The reference's loss and accuracy: softmax cross-entropy in nats, the mean over the batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.audit.reference import evaluate
from orchestrator.audit.reference.metrics import cross_entropy


def test_equal_logits_cost_the_logarithm_of_the_classes() -> None:
    assert evaluate(np.zeros((2, 10)), np.array([3, 7])).loss == pytest.approx(math.log(10), rel=1e-15)


def test_a_loss_and_its_gradient_by_hand() -> None:
    loss, gradient = cross_entropy(np.log(np.array([[1.0, 3], [1, 1]])), np.array([1, 0]))
    assert loss == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-15)
    np.testing.assert_allclose(gradient, [[1 / 8, -1 / 8], [-1 / 4, 1 / 4]], rtol=1e-15)


def test_a_batchs_loss_is_the_mean_of_its_images_losses() -> None:
    logits, labels = np.array([[1.0, 2, 3], [0, 5, 1], [-1, 0, 4]]), np.array([0, 1, 1])
    alone = [evaluate(logits[at : at + 1], labels[at : at + 1]).loss for at in range(3)]
    assert evaluate(logits, labels).loss == pytest.approx(sum(alone) / 3, rel=1e-15)


def test_large_logits_neither_overflow_nor_lose_the_loss() -> None:
    logits = np.array([[1e4, -1e4], [1e4, -1e4]])
    loss, gradient = cross_entropy(logits, np.array([0, 1]))
    assert loss == 1e4  # (0 + 20,000) / 2
    assert gradient.tolist() == [[0, 0], [0.5, -0.5]]


def test_accuracy_counts_the_first_of_equal_logits() -> None:
    logits = np.array([[2, 2, 1], [2, 2, 1], [0, 0, 1]], np.float32)
    assert evaluate(logits, np.array([0, 1, 2], np.uint8)).accuracy == pytest.approx(2 / 3, rel=1e-15)


def test_float32_logits_are_scored_in_float64() -> None:
    logits = np.array([[0.1, 0.2]], np.float32)
    assert evaluate(logits, np.array([0])) == evaluate(logits.astype(np.float64), np.array([0]))


LOGITS = st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=1, max_size=4)


@given(LOGITS, st.integers(0, 2))
def test_the_gradient_is_the_losss_difference(rows: list[list[float]], label: int) -> None:
    logits, labels = np.array(rows), np.full(len(rows), label)
    _, gradient = cross_entropy(logits, labels)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-4
        difference = (cross_entropy(logits + step, labels)[0] - cross_entropy(logits - step, labels)[0]) / 2e-4
        assert gradient[index] == pytest.approx(difference, abs=1e-8)


@given(LOGITS, st.integers(0, 2))
def test_an_images_gradients_cancel(rows: list[list[float]], label: int) -> None:
    _, gradient = cross_entropy(np.array(rows), np.full(len(rows), label))
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((2, 10)), np.array([0]), r"labels \(1,\) for logits \(2, 10\)"),
        (np.zeros((1, 10)), np.array([[0]]), r"labels \(1, 1\)"),
        (np.zeros(10), np.array([0]), r"logits \(10,\)"),
        (np.zeros((0, 10)), np.array([], np.int64), "n > 0"),
        (np.zeros((1, 10)), np.array([10]), "10 to 10 for 10 classes"),
        (np.zeros((1, 10)), np.array([-1]), "-1 to -1 for 10 classes"),
    ],
    ids=["too few labels", "labels in columns", "one image's logits", "no image", "label too large", "label below 0"],
)
def test_labels_that_do_not_fit_are_refused(logits: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(logits, labels)
