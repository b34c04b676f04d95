"""NumPy files from a container, read as hostile input: no pickle, bounded when unpacked, one exception for every fault.

A header is believed only where the bytes behind it are as many as it says, and they are counted before anything is
allocated. An archive's directory is bounded before it is read, and its members before they are unpacked.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

UNPACKED_BYTES = 512 * 2**20
"""Zeros pack a thousandfold, so an archive is bounded unpacked too; in float64, as its arrays are kept."""

DIRECTORY_BYTES = 2**20
"""Of an archive's list of members: some ten thousand. Each takes several times as much once read."""

_WIDEST = 8  # bytes of a number: a float64 holds nothing wider
_END = 22  # bytes of the record that ends an archive without a comment


class ArrayError(ValueError):
    """The bytes are no such file; the text goes on from the file's name."""


def read_array(content: bytes) -> NDArray[Any]:
    """Read an .npy file of real numbers. The array is a view of `content`, and may not be written."""
    if content.startswith(b"PK"):
        raise ArrayError("is an archive, not one array")
    try:
        return _parse_array(content)
    except ArrayError:
        raise
    except Exception as error:
        # Not ValueError alone: hostile headers bring out what tokenize and ast raise, and MemoryError.
        raise ArrayError(f"cannot be read: {_exception_name(error)}") from None


def read_archive(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Read an .npz file of real numbers, each array in float64."""
    if content.startswith(npy_format.MAGIC_PREFIX):
        raise ArrayError("is one array, not an archive")
    _check_end(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return _unpack(packed)
    except ArrayError:
        raise
    except Exception as error:  # zipfile raises NotImplementedError and RuntimeError too
        raise ArrayError(f"cannot be read: {_exception_name(error)}") from None


def _check_end(content: bytes) -> None:
    """Refuse an archive whose directory is too long to be read, or that does not end as NumPy's do."""
    end = content[-_END:]
    if len(end) < _END or not end.startswith(b"PK\x05\x06") or end[-2:] != b"\0\0":
        raise ArrayError("cannot be read: not an archive to its last byte")
    if content[-_END - 20 : -_END].startswith(b"PK\x06\x07"):  # another directory, of 64-bit sizes
        raise ArrayError("holds too many members")
    if int.from_bytes(end[12:16], "little") > DIRECTORY_BYTES:
        raise ArrayError("holds too many members")


def _unpack(packed: zipfile.ZipFile) -> dict[str, NDArray[np.float64]]:
    members = packed.infolist()
    if len({member.filename for member in members}) < len(members):
        raise ArrayError("holds two members of one name")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ArrayError("is packed in a way that NumPy does not use")  # LZMA asks for as much memory as it says
    if sum(member.file_size for member in members) > UNPACKED_BYTES:
        raise ArrayError(f"holds more than {UNPACKED_BYTES} bytes unpacked")
    arrays: dict[str, NDArray[np.float64]] = {}
    left_bytes = UNPACKED_BYTES
    for member in members:
        raw = _parse_array(packed.read(member))  # no more than file_size, whatever the member packs
        left_bytes -= raw.size * _WIDEST
        if left_bytes < 0:
            raise ArrayError(f"holds more than {UNPACKED_BYTES} bytes in float64")
        with np.errstate(all="ignore"):  # a signalling NaN is one more NaN
            arrays[member.filename.removesuffix(".npy")] = np.array(raw, np.float64)
    return arrays


def _parse_array(content: bytes) -> NDArray[Any]:
    """Read one array; raises ArrayError, and whatever NumPy raises of a bad header."""
    file = io.BytesIO(content)
    version = npy_format.read_magic(file)
    read = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}.get(version)
    if read is None:
        raise ArrayError("cannot be read: of a version that real numbers do not need")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of headers as Python 2 wrote them
        shape, by_columns, kind = read(file)
    if kind.kind not in "fiu" or kind.itemsize > _WIDEST:
        raise ArrayError("holds more than real numbers")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ArrayError("cannot be read: a size below 0")
    if math.prod(shape) * kind.itemsize != len(content) - file.tell():
        raise ArrayError("cannot be read: its header tells of another size")
    flat = np.frombuffer(content, kind, offset=file.tell()) if math.prod(shape) else np.zeros(0, kind)
    return flat.reshape(shape, order="F" if by_columns else "C")


def _exception_name(error: Exception) -> str:
    """Return the kind of fault and not its text, which quotes the file."""
    return type(error).__name__
