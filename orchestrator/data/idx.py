"""The four IDX files of MNIST: what they are called, how long they are, what they hash to.

Bytes from anywhere go in, plain or gzipped; the verified content of one file comes out, or
a DamagedFileError that says what was expected and what was found. Where the bytes come from is
`orchestrator.data.sources`' affair.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shared.mnist import Bytes

_LABELS_MAGIC, _IMAGES_MAGIC = 2049, 2051
_HEADER_BYTES = {_LABELS_MAGIC: 8, _IMAGES_MAGIC: 16}

Files = Mapping[str, bytes]
"""The four verified files, by name."""


@dataclass(frozen=True)
class ExpectedFile:
    """What one decoded file must be."""

    magic: int
    size_bytes: int
    sha256: str


EXPECTED_FILES = {
    # The small files come first, so that a source without them costs little.
    "t10k-labels-idx1-ubyte": ExpectedFile(
        _LABELS_MAGIC, 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
    "train-labels-idx1-ubyte": ExpectedFile(
        _LABELS_MAGIC, 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": ExpectedFile(
        _IMAGES_MAGIC, 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "train-images-idx3-ubyte": ExpectedFile(
        _IMAGES_MAGIC, 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
}

_FASHION_LABELS = ([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
"""The first ten labels of Fashion-MNIST's two files, which are called and shaped as MNIST's."""

LARGEST_BYTES = max(expected.size_bytes for expected in EXPECTED_FILES.values())


class DamagedFileError(Exception):
    """The bytes are not the file they should be."""


def decode_and_verify(name: str, content: bytes) -> bytes:
    """Return the decoded content of the file `name`; raises DamagedFileError.

    The checks go from the telling to the strict: a download that was cut short is called
    that, not "wrong hash".
    """
    expected = EXPECTED_FILES[name]
    plain = _gunzip(name, content, expected.size_bytes) if content[:2] == b"\x1f\x8b" else content
    magic = int.from_bytes(plain[:4], "big")
    if magic != expected.magic:
        raise DamagedFileError(
            f"{name} starts with {magic}, expected the magic number {expected.magic}: no IDX file of its kind"
        )
    if len(plain) != expected.size_bytes:
        raise DamagedFileError(f"{name} is {_length(plain, expected)} long, expected {expected.size_bytes:,} bytes")
    sha256 = hashlib.sha256(plain).hexdigest()
    if sha256 != expected.sha256:
        raise DamagedFileError(
            f"{name} has the SHA-256 {sha256}, expected {expected.sha256}{_resemblance(plain, expected)}"
        )
    return plain


def _resemblance(plain: bytes, expected: ExpectedFile) -> str:
    """Say what a file of MNIST's form and other content is, where that is known."""
    labels = list(plain[8:18])
    if expected.magic == _LABELS_MAGIC and labels in _FASHION_LABELS:
        return (
            ": its labels begin as those of Fashion-MNIST, another data set of the same form, and a recipe trains MNIST"
        )
    return ": it has MNIST's form and other content; a recipe trains MNIST"


def array(name: str, files: Files) -> Bytes:
    """Return images (n, 28, 28) or labels (n,) of a verified file."""
    magic = EXPECTED_FILES[name].magic
    values = np.frombuffer(files[name], np.uint8, offset=_HEADER_BYTES[magic])
    return values.reshape(-1, 28, 28) if magic == _IMAGES_MAGIC else values


def _gunzip(name: str, content: bytes, size_bytes: int) -> bytes:
    """Unpack one byte more than expected at most: a stranger's archive may unpack without end."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as archive:
            return archive.read(size_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedFileError(
            f"{name} is a damaged or truncated gzip file ({error}), expected {size_bytes:,} bytes"
        ) from error


def _length(plain: bytes, expected: ExpectedFile) -> str:
    return f"more than {expected.size_bytes:,} bytes" if len(plain) > expected.size_bytes else f"{len(plain):,} bytes"
