"""`bakeoff data`: what it says of the data set."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from tests.support.cli import QUICK, Bakeoff


def test_the_data_set_is_described(bakeoff: Bakeoff, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    answer = bakeoff("data", "--json")
    assert json.loads(answer.out)["files"].keys() == {"train.parquet", "test.parquet"}
    assert "60,000 for training" in bakeoff("data").out


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK forgets the socket that refused it
@pytest.mark.parametrize(
    "words",
    [
        ("data",),
        ("compare", *QUICK, "--engine", "process"),
        ("compare", *QUICK, "--engine", "process", "--plan"),
        ("explain", "--engine", "process", "--plan"),
        ("audit", "torch", "--engine", "process"),
        ("doctor", "torch", "--engine", "process", "--device", "cpu"),
    ],
)
@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_folder_that_was_named_is_never_replaced_by_prepared_data(
    bakeoff: Bakeoff, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], by: str
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    if by == "variable":
        monkeypatch.setenv("BAKEOFF_IDX", "nowhere")
    answer = bakeoff(*words, *(("--idx", "nowhere") if by == "option" else ()))
    gc.collect()
    assert answer.code == 3
    assert "MNIST cannot be had from the IDX folder nowhere, which was named" in answer.out + answer.err


def test_the_same_files_as_those_prepared_are_verified_and_used(
    bakeoff: Bakeoff, mnist_folder: Path, idx_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    answer = bakeoff("data", "--idx", str(idx_folder))
    assert answer.code == 0
    assert "are verified" in answer.err
