"""NumPy files from a container: whatever the bytes, an array or one kind of failure."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import npy


def npz(**arrays: object) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]  # also what is no real array
    return packed.getvalue()


def patched(local: int, central: int, value: int) -> bytes:
    """An archive with one byte of its member's two headers set to `value`."""
    content = bytearray(npz(logits=np.zeros((1, 10))))
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        content[content.find(signature) + offset] = value
    return bytes(content)


def member(text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("logits", text)
    return packed.getvalue()


HOSTILE = {
    "encrypted": patched(6, 8, 1),
    "an unknown compression": patched(8, 10, 99),
    "a member that is no array": member(b"text"),
    "an object": npz(logits=np.array([{"a": 1}], dtype=object)),
    "complex numbers": npz(logits=np.zeros(3, complex)),
    "text": npz(logits=np.array(["nan"])),
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_archive_of_real_numbers_is_refused(content: bytes) -> None:
    with pytest.raises(npy.ArrayError):
        npy.archive(content)


def test_an_archive_comes_back_in_float64() -> None:
    found = npy.archive(npz(a=np.array([1.5], np.float32), b=np.int64(3)))
    assert {name: (each.dtype, each.tolist()) for name, each in found.items()} == {
        "a": (np.dtype("f8"), [1.5]),
        "b": (np.dtype("f8"), 3.0),
    }


def test_one_array_is_no_archive_and_an_archive_no_array() -> None:
    single = io.BytesIO()
    np.save(single, np.zeros(3))
    assert npy.array(single.getvalue()).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(npy.ArrayError, match="not an archive"):
        npy.archive(single.getvalue())
    with pytest.raises(npy.ArrayError, match="not one array"):
        npy.array(npz(a=np.zeros(3)))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_bytes_bring_out_another_exception(noise: bytes, at: int) -> None:
    whole = npz(logits=np.zeros((2, 10)))
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        for read in (npy.array, npy.archive):
            try:
                read(content)
            except npy.ArrayError:
                continue
