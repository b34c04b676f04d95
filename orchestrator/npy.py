"""NumPy files from a container, read as hostile input: no pickle, bounded when unpacked, one kind of failure."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNPACKED_BYTES = 512 * 2**20
"""Zeros pack a thousandfold, so an archive is bounded unpacked too."""


class ArrayError(ValueError):
    """The bytes are no such file; the text goes on from the file's name."""


def array(content: bytes) -> NDArray[Any]:
    """Read an .npy file."""
    loaded = _loaded(content)
    if not isinstance(loaded, np.ndarray):
        raise ArrayError("is an archive, not one array")
    return loaded


def archive(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Read an .npz file of real numbers, each array in float64."""
    loaded = _loaded(content)
    if isinstance(loaded, np.ndarray):
        raise ArrayError("is one array, not an archive")
    if sum(member.file_size for member in loaded.zip.infolist()) > UNPACKED_BYTES:
        raise ArrayError(f"holds more than {UNPACKED_BYTES} bytes unpacked")
    try:
        found = {name: loaded[name] for name in loaded.files}
    except Exception as error:
        raise ArrayError(f"cannot be read: {error}") from None
    if any(not isinstance(each, np.ndarray) or each.dtype.kind not in "fiu" for each in found.values()):
        raise ArrayError("holds more than real numbers")
    return {name: np.asarray(each, np.float64) for name, each in found.items()}


def _loaded(content: bytes) -> Any:
    try:
        # allow_pickle stays off: a pickle from a container would run its code here.
        return np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:
        # Not ValueError alone: hostile bytes bring out what zipfile, tokenize and ast raise, and MemoryError.
        raise ArrayError(f"cannot be read: {error}") from None
