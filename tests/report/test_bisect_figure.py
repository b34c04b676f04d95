"""The figure and the table of a bisect's evidence."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from matplotlib.patches import Rectangle
from rich.console import Console

from orchestrator import report
from orchestrator.analyse.bisect_answer import Answer, Question, VersionFound
from orchestrator.report.bisect import page
from orchestrator.report.figures import bisect, draw
from orchestrator.spec.spec import Spec

VERSIONS = ("2.9.1", "2.10.0", "2.11.0", "2.12.0")
QUESTION = Question(contender="torch", versions=VERSIONS, metric="throughput", spec=Spec(margin="5%"))
FOUND = Answer(
    question=QUESTION,
    outcome="range",
    words="somewhere",
    versions=(
        VersionFound(version="2.9.1", standing="reference", words="held against"),
        VersionFound(
            version="2.10.0", standing="good", words="equal", estimate=1.0, interval=(0.98, 1.02), ratios=(0.99, 1.01)
        ),
        VersionFound(version="2.11.0", standing="skipped", words="no [red]wheel"),
        VersionFound(
            version="2.12.0", standing="bad", words="slower", estimate=0.9, interval=(0.88, 0.92), ratios=(0.89, 0.91)
        ),
    ),
    last_good="2.10.0",
    first_bad="2.12.0",
)


def test_each_version_with_blocks_has_its_points_interval_and_estimate_and_the_range_is_shaded() -> None:
    with draw.style():
        (panel,) = bisect.draw(FOUND).axes
    drawn = [line.get_gid() for line in panel.lines]
    assert [drawn.count(name) for name in ("interval", "estimate")] == [2, 2]
    (shade,) = [patch for patch in panel.patches if patch.get_gid() == "bracket" and isinstance(patch, Rectangle)]
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (1.5, 3.5)
    assert [tick.get_text() for tick in panel.get_xticklabels()][2] == "2.11.0\n○ skipped"


def test_it_is_written_as_png_and_svg(tmp_path: Path) -> None:
    paths = report.draw_bisect(FOUND, tmp_path / "bisect")
    assert [path.name for path in paths] == ["bisect.png", "bisect.svg"]
    assert all(path.stat().st_size for path in paths)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_has_a_row_a_version_within_the_width(width: int) -> None:
    paper = io.StringIO()
    Console(file=paper, width=width).print(page(FOUND))
    lines = paper.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(line.strip().startswith(version) for line in lines) for version in VERSIONS)
    assert "no [red]wheel" in paper.getvalue()
