"""Fixtures for tests of whole comparisons: no figure is drawn but where a test asks, for they take seconds a run.

A conftest imports both. What is made once for a module (a fixture of that scope) is not reached: it draws its figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.report.figures import draw


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Leave figures out; return what draws them."""
    drawn = draw.draw
    monkeypatch.setattr(draw, "draw", lambda summary, folder: [])
    return drawn


@pytest.fixture
def figures(without_figures: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the figures after all."""
    monkeypatch.setattr(draw, "draw", without_figures)
