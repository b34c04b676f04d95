"""`bakeoff data`: what it says of the data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Bakeoff


def test_the_data_set_is_described(bakeoff: Bakeoff, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(mnist_folder.parent))
    answer = bakeoff("data", "--json")
    assert json.loads(answer.out)["files"].keys() == {"train.parquet", "test.parquet"}
    assert "60,000 for training" in bakeoff("data").out
