"""The last net: what nobody expected is one sentence and a file, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.cli import compare
from tests.support.cli import Bakeoff


def _surprise(*_: object) -> None:
    raise KeyError("https://alice:s3cret@index.example/simple")


@pytest.fixture(autouse=True)
def surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "detect", _surprise)


def test_what_nobody_expected_is_a_sentence_and_its_trace_a_file(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    answer = bakeoff("compare")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: bakeoff did not expect this: KeyError: 'https://***@index.example/simple'\n")
    assert "Traceback" not in answer.err
    [path] = (tmp_path / "cache" / "errors").iterdir()
    assert str(path) in answer.err
    trace = path.read_text()
    assert "in _surprise" in trace
    assert "s3cret" not in trace


def test_where_the_cache_takes_no_file_the_trace_lies_among_temporary_files(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "a file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    answer = bakeoff("compare")
    assert re.search(rf"{tmp_path}/temporary/bakeoff-[\d-]+\.txt", answer.err)
    assert len(list((tmp_path / "temporary").iterdir())) == 1


def test_where_no_folder_takes_a_file_the_trace_is_shown(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "a file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a file"))
    answer = bakeoff("compare")
    assert answer.code == 1
    assert "in _surprise" in answer.err
    assert "BAKEOFF_CACHE" in answer.err
