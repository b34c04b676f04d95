"""The order of the images in each epoch, the same in every framework and for ever.

Random bits come from SHAKE-128 (FIPS 202), whose output is fixed by a standard, and not from a generator
whose stream a library may change with its version.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Order(NamedTuple):
    """Indices of images, int64 (images,), and their hash: equal for the same batches in the same sequence."""

    indices: NDArray[np.int64]
    sha256: str


def order_of(indices: NDArray[np.int64]) -> Order:
    return Order(indices, hashlib.sha256(np.ascontiguousarray(indices, "<i8").tobytes()).hexdigest())


def sequential(images: int) -> Order:
    return order_of(np.arange(images, dtype=np.int64))


def shuffled(images: int, seed: int, epoch: int) -> Order:
    """Return a permutation of 0 … images − 1 for an epoch counted from 1.

    Images are sorted by 64 random bits each; two equal keys, one chance in 10^10 for 60,000
    images, keep the file's order.
    """
    bits = hashlib.shake_128(f"bakeoff order 1 {seed} {epoch}".encode()).digest(8 * images)
    return order_of(np.argsort(np.frombuffer(bits, "<u8"), kind="stable").astype(np.int64))
