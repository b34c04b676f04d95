"""The data set as both sides read it: Parquet → uint8 arrays → float32 arrays.

Read whole, once, into memory, and checked by SHA-256 on the way: 70,000 small images are
55 MB at most. Nothing is downloaded, resized or written here (`orchestrator.data.dataset` does
that once, before any trial), nothing is shuffled, and no framework is imported.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from shared.recipe import VIEW_SHAPES, Slice

Bytes = npt.NDArray[np.uint8]

FILES: Tuple[str, str] = ("train.parquet", "test.parquet")

COLUMNS: Dict[str, str] = {"28x28": "image", "8x8": "image_8x8"}

DATA_SHA256: Dict[str, str] = {
    "28x28": "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    "8x8": "6a792682a379d67108e57bc1ffbcbd680234f5ae3c75d07722795b2f5094b46a",
}
"""By view: SHA-256 of the training images, training labels, test images, test labels, a byte each."""


class DataError(Exception):
    """The data volume does not hold the data set; the text says what is wrong with it, in a sentence."""


@dataclass(frozen=True, eq=False)
class Mnist:
    """One view of the data set: images (n, height, width) and labels (n,), uint8, in the files' order."""

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes
    sha256: str


def load(folder: Path, view: str) -> Mnist:
    """Read and verify one view ("28x28" or "8x8") of the data set in `folder`.

    Raises DataError where a file is missing, damaged, or holds other pixels or labels.
    """
    train_images, train_labels = _read(folder / FILES[0], view)
    test_images, test_labels = _read(folder / FILES[1], view)
    found = sha256_of(train_images, train_labels, test_images, test_labels)
    if found != DATA_SHA256[view]:
        raise DataError(
            f"the {view} images and labels in {folder} are not MNIST's: "
            f"SHA-256 {found}, expected {DATA_SHA256[view]}; prepare the data again"
        )
    return Mnist(train_images, train_labels, test_images, test_labels, found)


def select(mnist: Mnist, part: Slice) -> Tuple[Bytes, Bytes]:
    """Return images (n, height, width) and labels (n,) of a slice, as views of the arrays."""
    images, labels = (
        (mnist.train_images, mnist.train_labels) if part.file == "train" else (mnist.test_images, mnist.test_labels)
    )
    return images[part.start : part.stop], labels[part.start : part.stop]


def scale(images: Bytes, mean: float, std: float) -> npt.NDArray[np.float32]:
    """Return (pixel / 255 − mean) / std in float32, in the shape of `images`.

    Bit for bit what torchvision's ToTensor and Normalize give: every step rounds to
    float32, so folding the divisions into one multiplication would differ in last bits.
    """
    values = images.astype(np.float32)
    values /= np.float32(255)
    values -= np.float32(mean)
    values /= np.float32(std)
    return values


def sha256_of(*arrays: Bytes) -> str:
    """Hash the arrays' bytes, one after the other."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _read(path: Path, view: str) -> Tuple[Bytes, Bytes]:
    """Read the view's column and the labels alone: the other view stays on disk."""
    height, width, _ = VIEW_SHAPES[view]
    column = COLUMNS[view]
    if not path.is_file():
        raise DataError(f"there is no {path}: prepare the data first (bakeoff data)")
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=[column, "label"])
        images = _bytes(table.column(column), pa.binary(height * width))
        labels = _bytes(table.column("label"), pa.uint8())
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataError(f"{path} cannot be read as the {view} view: {error}; prepare the data again") from error
    return images.reshape(-1, height, width), labels


def _bytes(column: Any, kind: Any) -> Bytes:
    """Take a column's bytes as they lie in memory: a loop over rows takes 20 times as long.

    A chunk may start in the middle of its buffer. Concatenating copies, and that is
    wanted: frameworks warn of arrays that they may not write to.
    """
    if column.type != kind or column.null_count:
        raise pa.ArrowInvalid(f"a column of {column.type}, expected {kind} without gaps")
    width = kind.bit_width // 8
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8, count=len(chunk) * width, offset=chunk.offset * width)
        for chunk in column.chunks
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.uint8)
