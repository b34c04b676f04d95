"""The shared order of images: a permutation that can never change."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.order import order_of, sequential, shuffled

ORDER_1_1 = [1, 7, 6, 3, 2, 0, 4, 5]
SHA256_1_1 = "f8c74d5cbc3b941e52ee79429aa74a6e2f5abf4ed923960f4fc024b9b91a3103"


def test_the_order_of_a_seed_and_epoch_is_the_same_for_ever() -> None:
    assert shuffled(8, seed=1, epoch=1).indices.tolist() == ORDER_1_1
    assert shuffled(60_000, seed=1, epoch=1).sha256 == SHA256_1_1


def test_another_epoch_or_seed_gives_another_order() -> None:
    orders = {shuffled(1000, seed, epoch).sha256 for seed in (1, 2, 11) for epoch in (1, 2, 11)}
    assert len(orders) == 9


@given(images=st.integers(1, 3000), seed=st.integers(0, 10**6), epoch=st.integers(1, 1000))
def test_every_image_comes_once(images: int, seed: int, epoch: int) -> None:
    assert sorted(shuffled(images, seed, epoch).indices.tolist()) == list(range(images))


def test_the_files_order_is_no_shuffle() -> None:
    assert sequential(4).indices.tolist() == [0, 1, 2, 3]


def test_the_hash_is_of_the_indices_as_little_endian_64_bit_numbers() -> None:
    indices = np.array([2, 0, 1], np.int64)
    expected = hashlib.sha256(b"".join(int(i).to_bytes(8, "little") for i in (2, 0, 1))).hexdigest()
    assert order_of(indices).sha256 == expected
