"""What the tests of the whole line share: a folder of runs for each file of tests, and reports without figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.line import Line


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, mnist_folder: Path) -> Line:
    return Line.over(tmp_path_factory.mktemp("runs"), mnist_folder)


@pytest.fixture(scope="module")
def without_figures() -> Iterator[None]:
    """Draw nothing: other tests look at the figures, and they take a second a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.report.figures.draw.draw", lambda *_: [])
        yield
