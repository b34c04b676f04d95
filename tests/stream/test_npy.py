"""NumPy files from a container: whatever the bytes, an array or one kind of failure."""

from __future__ import annotations

import io
import tracemalloc
import warnings
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.stream import npy
from tests.fuzz.files import fuzz
from tests.support.arrays import npz


def patched(local: int, central: int, value: int) -> bytes:
    """An archive with one byte of its member's two headers set to `value`."""
    content = bytearray(npz(logits=np.zeros((1, 10))))
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        content[content.find(signature) + offset] = value
    return bytes(content)


def member(text: bytes, packing: int = zipfile.ZIP_STORED, times: int = 1) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")  # of two members of one name
        for _ in range(times):
            archive.writestr("logits", text, packing)
    return packed.getvalue()


def single(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


HOSTILE = {
    "encrypted": patched(6, 8, 1),
    "an unknown compression": patched(8, 10, 99),
    "a member that is no array": member(b"text"),
    "an object": npz(logits=np.array([{"a": 1}], dtype=object)),
    "complex numbers": npz(logits=np.zeros(3, complex)),
    "text": npz(logits=np.array(["nan"])),
    "nothing": b"",
    "an LZMA member, which asks for as much memory as it says": member(b"text", zipfile.ZIP_LZMA),
    "another directory of 64-bit sizes": npz(a=np.zeros(1))[:-22] + b"PK\x06\x07" + bytes(16) + npz()[-22:],
    "a directory of a gigabyte": npz(a=np.zeros(1))[:-10] + (2**30).to_bytes(4, "little") + bytes(6),
    "a comment after its end": npz(a=np.zeros(1)) + b"more",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_archive_of_real_numbers_is_refused(content: bytes) -> None:
    with pytest.raises(npy.ArrayError):
        npy.read_archive(content)


def test_an_archive_comes_back_in_float64() -> None:
    found = npy.read_archive(npz(a=np.array([1.5], np.float32), b=np.int64(3)))
    assert {name: (each.dtype, each.tolist()) for name, each in found.items()} == {
        "a": (np.dtype("f8"), [1.5]),
        "b": (np.dtype("f8"), 3.0),
    }


def test_one_array_is_no_archive_and_an_archive_no_array() -> None:
    single = io.BytesIO()
    np.save(single, np.zeros(3))
    assert npy.read_array(single.getvalue()).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(npy.ArrayError, match="not an archive"):
        npy.read_archive(single.getvalue())
    with pytest.raises(npy.ArrayError, match="not one array"):
        npy.read_array(npz(a=np.zeros(3)))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_bring_out_another_exception(noise: bytes, at: int) -> None:
    whole = npz(logits=np.zeros((2, 10)))
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        for read in (npy.read_array, npy.read_archive):
            try:
                read(content)
            except npy.ArrayError:
                continue


def test_two_members_of_one_name_are_refused() -> None:
    content = member(single(np.zeros(3)), times=2)
    with pytest.raises(npy.ArrayError, match="two members of one name"):
        npy.read_archive(content)


BOMBS = {
    "bytes that become eight each": member(
        single(np.zeros(npy.UNPACKED_BYTES // 8 + 1, np.int8)), zipfile.ZIP_DEFLATED
    ),
    "a header of a terabyte": single(np.zeros(3)).replace(b"(3,), }            ", b"(137438953472,), } ", 1),
    "that header in an archive": member(single(np.zeros(3)).replace(b"(3,), }            ", b"(137438953472,), } ", 1)),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_it_takes_the_memory(content: bytes) -> None:
    assert len(content) < 2**20
    tracemalloc.start()
    try:
        for read in (npy.read_array, npy.read_archive):
            with pytest.raises(npy.ArrayError):
                read(content)
        assert tracemalloc.get_traced_memory()[1] < 200 * 2**20
    finally:
        tracemalloc.stop()


def test_a_signalling_nan_and_a_foreign_byte_order_are_read_without_a_word() -> None:
    raw = np.array([0x7FA00000, 0x3F800000], np.uint32).view(np.float32).astype(">f4")
    found = npy.read_archive(npz(a=raw))["a"]
    assert np.isnan(found[0])
    assert found[1] == 1.0


def test_damaged_files_are_read_or_refused_by_their_readers_own_error() -> None:
    outcome = fuzz(1500, seed=1)
    assert min(outcome.counts[f"{name} read"] for name in ("array", "archive", "predictions", "facts")) > 10
    assert min(outcome.counts[f"{name} refused"] for name in ("array", "archive", "predictions", "facts")) > 1000
