"""Runs bakeoff in the test's own process, in an empty folder, through the scripted engine."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.cli import compare, explain, main
from orchestrator.runtime import Runtime
from shared import mnist
from tests.support.cli import Answer, Bakeoff
from tests.support.figures import figures, without_figures
from tests.support.line import Line

__all__ = ["figures", "without_figures"]


@pytest.fixture
def bakeoff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Bakeoff]:
    """Run a command as `bakeoff` does, in an empty folder and without the machine's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("BAKEOFF_IDX", raising=False)
    terminate = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["bakeoff", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return Answer(int(ended.value.code or 0), shown.out, shown.err)

    yield run
    signal.signal(signal.SIGTERM, terminate)


@pytest.fixture
def line(tmp_path: Path, mnist_folder: Path) -> Line:
    labels: NDArray[np.uint8] = mnist.load(mnist_folder, "8x8").test_labels
    return Line(tmp_path / "runs", mnist_folder, labels)


@pytest.fixture
def with_runtime(monkeypatch: pytest.MonkeyPatch, line: Line) -> Callable[[Runtime], None]:
    """Let `compare` and `explain` find a runtime that no option can give: first the scripted one."""

    def put(runtime: Runtime) -> None:
        for module in (compare, explain):
            monkeypatch.setattr(module, "detect", lambda spec, out, idx: replace(runtime, out=out))

    put(line.runtime())
    return put
