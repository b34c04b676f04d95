"""The loss and the accuracy of logits, in float64: softmax cross-entropy in nats, mean over the batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.reference.arrays import Array, Labels


class Score(NamedTuple):
    loss: float  # mean per image, nats
    accuracy: float  # 0..1


def evaluate(logits: NDArray[np.floating[Any]], labels: Labels) -> Score:
    """Score logits (n, classes) against labels (n,).

    Where two logits tie, the first counts, as in every framework's argmax. Raises ValueError where
    shapes or labels do not fit.
    """
    exact = np.asarray(logits, np.float64)
    loss, _ = cross_entropy(exact, labels)
    return Score(loss, float(np.mean(exact.argmax(axis=1) == labels)))


def cross_entropy(logits: Array, labels: Labels) -> tuple[float, Array]:
    """Return the mean loss and its gradient by the logits, (softmax − one-hot) / n.

    The largest logit is taken off first, so that no exponential overflows.
    """
    _check(logits, labels)
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_probabilities)
    gradient[rows, labels] -= 1
    return float(-log_probabilities[rows, labels].mean()), gradient / len(labels)


def _check(logits: Array, labels: Labels) -> None:
    if logits.ndim != 2 or labels.shape != (len(logits),) or not len(labels):
        raise ValueError(f"labels {labels.shape} for logits {logits.shape}; expected (n,) for (n, classes), n > 0")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels {labels.min()} to {labels.max()} for {logits.shape[1]} classes")
