"""Fixtures for tests of whole comparisons: no figure is drawn but where a test asks, for they take seconds a run.

A conftest imports both. What is made once for a module (a fixture of that scope) is not reached: it draws its figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from markupsafe import Markup

from orchestrator.report.figures import draw
from orchestrator.report.html import page
from orchestrator.report.html.drawings import Drawn, draw_all


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Leave figures out; return what draws them."""
    drawn = draw.draw
    monkeypatch.setattr(draw, "draw", lambda summary, folder: [])
    monkeypatch.setattr(page, "draw_all", lambda summary: Drawn(defaultdict(Markup), {}))
    return drawn


@pytest.fixture
def figures(without_figures: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the figures after all."""
    monkeypatch.setattr(draw, "draw", without_figures)
    monkeypatch.setattr(page, "draw_all", draw_all)
