"""The data set as workers read it, with the real MNIST."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import mnist
from shared.recipe import Slice

FIRST_LABELS = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # of the training file, as every MNIST tutorial prints them


@pytest.mark.parametrize(("view", "side"), [("28x28", 28), ("8x8", 8)])
def test_a_view_is_whole_and_verified(mnist_folder: Path, view: str, side: int) -> None:
    data = mnist.load(mnist_folder, view)
    assert data.train_images.shape == (60_000, side, side)
    assert data.test_images.shape == (10_000, side, side)
    assert data.train_labels[:10].tolist() == FIRST_LABELS
    assert np.bincount(data.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.sha256 == mnist.DATA_SHA256[view]


def test_images_are_bytes_that_a_framework_may_write_to(mnist_folder: Path) -> None:
    images = mnist.load(mnist_folder, "8x8").train_images
    assert images.dtype == np.uint8
    assert images.flags.writeable
    assert images.flags.c_contiguous


def test_a_slice_takes_its_images_and_their_labels_from_its_file(mnist_folder: Path) -> None:
    data = mnist.load(mnist_folder, "8x8")
    images, labels = mnist.select(data, Slice("train", 42_000, 60_000))
    assert (len(images), len(labels)) == (18_000, 18_000)
    assert np.array_equal(images[0], data.train_images[42_000])
    images, labels = mnist.select(data, Slice("test", 0, 3))
    assert labels.tolist() == [7, 2, 1]
    assert np.array_equal(images, data.test_images[:3])


def test_pixels_of_article_tf_are_divided_by_255_and_nothing_else() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    expected = np.arange(256, dtype=np.float32).reshape(1, 16, 16) / np.float32(255)
    scaled = mnist.scale(pixels, 0.0, 1.0)
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled, expected)


def test_the_extreme_pixels_of_article_torch_are_the_known_ones() -> None:
    black, white = mnist.scale(np.array([0, 255], np.uint8), 0.1307, 0.3081).tolist()
    assert (round(black, 4), round(white, 4)) == (-0.4242, 2.8215)


@given(st.integers(0, 255), st.floats(-1, 1, width=32), st.floats(0.0625, 4, width=32))
def test_every_step_of_scaling_rounds_to_float32(pixel: int, mean: float, std: float) -> None:
    stepwise = (np.float32(pixel) / np.float32(255) - np.float32(mean)) / np.float32(std)
    assert mnist.scale(np.array([pixel], np.uint8), mean, std)[0] == stepwise


def test_scaling_leaves_the_pixels_alone() -> None:
    pixels = np.array([1, 2, 3], np.uint8)
    mnist.scale(pixels, 0.5, 0.5)
    assert pixels.tolist() == [1, 2, 3]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(mnist.DataError, match=r"there is no .*train\.parquet: prepare the data first"):
        mnist.load(tmp_path, "28x28")


def test_a_file_that_is_no_parquet_is_named(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    (folder / "test.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(mnist.DataError, match=r"test\.parquet cannot be read as the 8x8 view"):
        mnist.load(folder, "8x8")


def test_a_file_cut_short_is_named(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    whole = (folder / "train.parquet").read_bytes()
    (folder / "train.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(mnist.DataError, match=r"train\.parquet cannot be read"):
        mnist.load(folder, "28x28")


def test_one_changed_byte_within_a_file_is_found(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    content = bytearray((folder / "train.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "train.parquet").write_bytes(content)
    with pytest.raises(mnist.DataError, match="prepare the data again"):
        mnist.load(folder, "28x28")


def test_one_changed_pixel_in_a_sound_file_is_found(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    table = pq.read_table(folder / "test.parquet")
    images = table.column("image_8x8").to_pylist()
    images[7] = bytes([images[7][0] ^ 1]) + images[7][1:]
    column = pa.chunked_array([pa.array(images, pa.binary(64))])
    pq.write_table(table.set_column(1, "image_8x8", column), folder / "test.parquet")
    with pytest.raises(mnist.DataError, match=r"not MNIST's: SHA-256 \w{64}, expected 6a792682"):
        mnist.load(folder, "8x8")
    assert mnist.load(folder, "28x28").sha256 == mnist.DATA_SHA256["28x28"]


def test_a_column_of_another_type_is_refused(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    table = pq.read_table(folder / "test.parquet")
    wide = table.column("label").cast(pa.int64())
    pq.write_table(table.set_column(2, "label", wide), folder / "test.parquet")
    with pytest.raises(mnist.DataError, match="a column of int64, expected uint8"):
        mnist.load(folder, "8x8")


def test_a_file_without_the_view_is_refused(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    pq.write_table(pq.read_table(folder / "train.parquet", columns=["image", "label"]), folder / "train.parquet")
    with pytest.raises(mnist.DataError, match=r"train\.parquet cannot be read as the 8x8 view"):
        mnist.load(folder, "8x8")


def test_files_in_many_row_groups_read_the_same(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    for name in mnist.FILES:
        pq.write_table(pq.read_table(folder / name), folder / name, row_group_size=7_001)
    assert mnist.load(folder, "8x8").sha256 == mnist.DATA_SHA256["8x8"]


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "copy"))
