"""The host's own count of test accuracy, from the logits that a worker left: pure.

Scoring here and not in the worker keeps a framework's idea of accuracy out of the
comparison; the worker's word is held against it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orchestrator import npy


class PredictionsError(ValueError):
    """predictions.npy is no float32 array of (images, 10) logits; the text says what it is."""


def accuracy(predictions: bytes, labels: NDArray[np.uint8]) -> float:
    """Return the share of images whose largest logit is their label's, 0..1.

    `predictions` is an .npy file of float32 logits, shape (len(labels), 10). Where two
    logits tie, the first counts, as in every framework's argmax.
    """
    logits = _logits(predictions)
    if logits.shape != (len(labels), 10) or logits.dtype != np.float32:
        raise PredictionsError(
            f"predictions.npy holds {logits.dtype}{list(logits.shape)}; expected float32[{len(labels)}, 10]"
        )
    return float(np.mean(logits.argmax(axis=1) == labels))


def _logits(predictions: bytes) -> NDArray[np.float32]:
    try:
        return npy.array(predictions)
    except npy.ArrayError as error:
        raise PredictionsError(f"predictions.npy {error}") from None
