"""What the report must not do: compute. Its numbers are made in the analysis and stand in summary.json."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import imports_of, parsed, prefixes
from tests.support.paths import ROOT

REPORT = ROOT / "orchestrator" / "report"
STATISTICS = {"statistics", "scipy", "numpy", "math"}
DRAWN = REPORT / "figures"
"""Figures place a median curve among its trials: a line on paper, not a number that anybody reads off."""


@pytest.mark.parametrize(
    "path", [path for path in sorted(REPORT.rglob("*.py")) if DRAWN not in path.parents], ids=lambda path: path.stem
)
def test_the_report_imports_nothing_that_computes_statistics(path: Path) -> None:
    assert imported(path) & STATISTICS == set()


@pytest.mark.parametrize("path", sorted(DRAWN.glob("*.py")), ids=lambda path: path.stem)
def test_figures_import_nothing_that_makes_intervals(path: Path) -> None:
    assert imported(path) & {"scipy", "orchestrator.analyse.intervals"} == set()


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, with their packages."""
    return {part for module in imports_of(parsed(path)) for part in prefixes(module)}


def test_the_command_lines_help_loads_no_library_of_statistics() -> None:
    asked = "import sys; from orchestrator.cli import app; app(['--help'], standalone_mode=False);"
    asked += "print([name for name in ('scipy', 'matplotlib') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[]"
