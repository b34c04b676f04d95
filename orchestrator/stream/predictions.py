"""The host's own count of accuracy, from the logits that a worker left: pure.

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
    """A file of logits is no float array of (images, 10) logits; the text says what it is."""


def accuracy(predictions: bytes, labels: NDArray[np.uint8]) -> float:
    """Return the share of images whose largest logit is their label's, 0..1."""
    return float(np.mean(right_answers(predictions, labels)))


def right_answers(predictions: bytes, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for each image whether its largest logit is its label's, (images,).

    Where two logits tie, the first counts, as in every framework's argmax.
    """
    right: NDArray[np.bool_] = read_logits(predictions, len(labels)).argmax(axis=1) == labels
    return right


def read_logits(content: bytes, images: int, name: str = PREDICTIONS) -> NDArray[Any]:
    """Read an .npy file of float32 or float64 logits, (images, 10); PredictionsError where it is anything else."""
    try:
        logits = npy.read_array(content)
    except npy.ArrayError as error:
        raise PredictionsError(f"{name} {error}") from None
    if logits.shape != (images, 10) or logits.dtype not in (np.float32, np.float64):
        raise PredictionsError(
            f"{name} holds {logits.dtype}{list(logits.shape)}; expected float32 or float64[{images}, 10]"
        )
    return logits
