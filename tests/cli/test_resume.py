"""`bakeoff resume`: which runs it refuses."""

from __future__ import annotations

import io
import json
import os

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.cli import resume
from orchestrator.spec.spec import Spec
from tests.support.cli import Bakeoff
from tests.support.line import Line


def test_a_run_that_another_bakeoff_is_at_is_exit_code_3(
    bakeoff: Bakeoff, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "detect", lambda *_: line.runtime())
    folder, _ = pipeline.compare(Spec(epochs=1, train_images=640), line.runtime(), console.view("quiet", io.StringIO()))
    document = json.loads((folder.path / "run.json").read_text())
    with folder.lock():
        answer = bakeoff("resume", str(folder.path))
    assert document["hosts"][0]["pid"] == os.getpid()
    assert (answer.code, f"another bakeoff is at {folder.id} already" in answer.err) == (3, True)


def test_a_run_that_does_not_exist_cannot_be_resumed(bakeoff: Bakeoff) -> None:
    answer = bakeoff("resume", "nothing")
    assert (answer.code, "no run 'nothing'" in answer.err) == (2, True)
