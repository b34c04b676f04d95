"""Test accuracy, counted by the host from a file that it does not trust."""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stream.predictions import PredictionsError, accuracy
from tests.support.arrays import npy, npz
from tests.support.streams import LABELS, logits

MAGIC = b"\x93NUMPY\x01\x00"


def refused(predictions: bytes) -> str:
    with pytest.raises(PredictionsError) as refusal:
        accuracy(predictions, LABELS)
    return str(refusal.value)


def with_header(header: str, body: bytes = b"") -> bytes:
    return MAGIC + len(header).to_bytes(2, "little") + header.encode("latin-1") + body


def test_right_logits_score_one() -> None:
    assert accuracy(logits(LABELS), LABELS) == 1.0


def test_the_score_is_the_share_of_right_images() -> None:
    assert accuracy(logits(LABELS, wrong=1), LABELS) == 0.75


def test_of_two_equal_logits_the_first_counts() -> None:
    tied = np.zeros((4, 10), dtype=np.float32)
    assert accuracy(npy(tied), LABELS) == 0.25  # one of the four labels is a 0


def test_a_diverged_network_scores_and_does_not_fail() -> None:
    assert accuracy(npy(np.full((4, 10), np.nan, dtype=np.float32)), LABELS) == 0.25


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((3, 10), np.float32), "float32[3, 10]"),
        (np.zeros((4, 11), np.float32), "float32[4, 11]"),
        (np.zeros((4, 10), np.int64), "int64[4, 10]"),
        (np.zeros((40,), np.float32), "float32[40]"),
        (np.zeros((4, 10, 1), np.float32), "float32[4, 10, 1]"),
        (np.float32(1), "float32[]"),
    ],
)
def test_another_shape_or_type_is_named(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]], told: str) -> None:
    assert refused(npy(array)) == f"predictions.npy holds {told}; expected float32 or float64[4, 10]"


def test_a_pickle_is_never_loaded() -> None:
    pickled = npy(np.array([[print]], dtype=object), allow_pickle=True)
    assert refused(pickled) == "predictions.npy holds more than real numbers"


def test_an_archive_is_refused() -> None:
    assert refused(npz(logits=np.zeros((4, 10), np.float32))) == "predictions.npy is an archive, not one array"


def test_half_an_archive_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("logits.npy", logits(LABELS))
    assert refused(file.getvalue()[:40]) == "predictions.npy is an archive, not one array"


@pytest.mark.parametrize("size", [0, 5, 60, 200])
def test_a_torn_file_is_refused(size: int) -> None:
    assert refused(logits(LABELS)[:size]).startswith("predictions.npy cannot be read")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 10000000), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4, -10), }\n",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4, 10), }\n",
        "{'descr': '<f4'}\n",
        "[" * 5000 + "\n",
        "(" * 100 + "\n",
        "'''\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
        "__import__('os').abort()\n",
    ],
)
def test_a_hostile_header_is_refused(header: str) -> None:
    assert refused(with_header(header, b"\0" * 160))


@given(st.binary(max_size=80), st.sampled_from([b"", MAGIC, b"PK\x03\x04", b"\x80\x04", MAGIC + b"\x10\x00"]))
def test_any_bytes_are_refused_and_nothing_else_happens(body: bytes, opening: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of headers that Python 2 may have written
        refused(opening + body)
