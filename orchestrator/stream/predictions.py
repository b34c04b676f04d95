"""The host's own count of test accuracy, from the logits that a worker left: pure.

Scoring here and not in the worker keeps a framework's idea of accuracy out of the
comparison; the worker's word is held against it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.stream import npy
from shared.leftovers import PREDICTIONS


class PredictionsError(ValueError):
    """predictions.npy is no float array of (images, 10) logits; the text says what it is."""


def accuracy(predictions: bytes, labels: NDArray[np.uint8]) -> float:
    """Return the share of images whose largest logit is their label's, 0..1."""
    return float(np.mean(right_answers(predictions, labels)))


def right_answers(predictions: bytes, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for each image whether its largest logit is its label's, (images,).

    `predictions` is an .npy file of float32 or float64 logits, shape (len(labels), 10). Where two
    logits tie, the first counts, as in every framework's argmax.
    """
    logits = _logits(predictions)
    if logits.shape != (len(labels), 10) or logits.dtype not in (np.float32, np.float64):
        raise PredictionsError(
            f"{PREDICTIONS} holds {logits.dtype}{list(logits.shape)}; expected float32 or float64[{len(labels)}, 10]"
        )
    right: NDArray[np.bool_] = logits.argmax(axis=1) == labels
    return right


def _logits(predictions: bytes) -> NDArray[Any]:
    try:
        return npy.read_array(predictions)
    except npy.ArrayError as error:
        raise PredictionsError(f"{PREDICTIONS} {error}") from None
