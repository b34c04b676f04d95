"""What tests of progress share: runs through the scripted engine, and reports without figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.figures import figures, without_figures
from tests.support.line import Line

__all__ = ["figures", "without_figures"]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, mnist_folder: Path) -> Line:
    return Line.over(tmp_path_factory.mktemp("runs"), mnist_folder)
