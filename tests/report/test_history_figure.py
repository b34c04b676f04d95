"""The figure of one quantity across runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from orchestrator import report
from orchestrator.analyse.recipe_difference import Change
from orchestrator.analyse.run_history import History, Point, Series
from orchestrator.errors import PreflightError
from orchestrator.report.figures import draw, history

VERSION = (
    Change(name="framework_version", before="2.13.0", after="2.14.1"),
    Change(name="blas", before="a", after="b"),
)
IMAGE = (Change(name="image", before="a", after="b"),)


def point(day: int, value: float = 1000.0, stack: tuple[Change, ...] = ()) -> Point:
    return Point(
        run=f"202611{day:02}-080000-made-up",
        started_at=f"2026-11-{day:02}T08:00:00+00:00",
        contender="torch==2.13.0",
        trials=3,
        value=value,
        least=0.9 * value,
        most=1.1 * value,
        change=None,
        stack=stack,
    )


def series(*points: Point, recipe: str = "article-torch", contender: str = "torch", colour: str = "#6f4bb8") -> Series:
    return Series(contender=contender, colour=colour, recipe=recipe, size="640 images", points=points)


def made_up(*found: Series, metric: str = "throughput") -> History:
    document = {"metric": metric, "unit": "1/s", "machine": {}, "runs": 2, "elsewhere": (), "series": found}
    return History.model_validate(document)


def drawn(*found: Series, metric: str = "throughput") -> Figure:
    with draw.style():
        return history.draw(made_up(*found, metric=metric))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for panel in figure.axes for text in panel.texts]


def test_a_panel_a_recipe_and_a_line_a_contender() -> None:
    days = (point(1), point(2))
    figure = drawn(series(*days), series(*days, contender="tf"), series(*days, recipe="mine"))
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["article-torch · 640 images", "mine · 640 images"]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["torch", "tf"]


def test_the_stack_is_marked_where_it_changed_with_what_did() -> None:
    figure = drawn(series(point(1), point(2, stack=VERSION), point(3, stack=IMAGE)))
    assert texts(figure) == ["torch 2.14.1 +1", "torch: another image"]


def test_recipes_of_one_run_are_left_to_the_table_unless_there_are_no_others() -> None:
    assert len(drawn(series(point(1), point(2)), series(point(1), recipe="mine")).axes) == 1
    assert len(drawn(series(point(1)), series(point(1), recipe="mine")).axes) == 2


def test_memory_and_accuracy_are_drawn_in_their_units() -> None:
    memory = drawn(series(point(1, 2e9), point(2, 2e9)), metric="peak_memory_bytes").axes[0]
    assert 2000 < memory.get_ylim()[1] < 3000
    accuracy = drawn(series(point(1, 0.5), point(2, 0.5)), metric="test_accuracy").axes[0]
    assert 50 < accuracy.get_ylim()[1] < 60
    assert accuracy.get_ylim()[0] > 0


def test_many_runs_have_few_labels_and_a_strange_colour_is_drawn_too() -> None:
    figure = drawn(series(*(point(day) for day in range(1, 29)), colour="no colour"))
    assert len(figure.axes[0].get_xticks()) <= 10


def test_it_is_written_as_png_and_svg_and_the_same_each_time(tmp_path: Path) -> None:
    found = made_up(series(point(1), point(2, stack=VERSION)))
    paths = report.draw_history(found, tmp_path / "new" / "history")
    before = [path.read_bytes() for path in paths]
    assert [path.name for path in paths] == ["history.png", "history.svg"]
    assert [path.read_bytes() for path in report.draw_history(found, tmp_path / "new" / "history")] == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PreflightError, match="cannot write") as refused:
        report.draw_history(made_up(series(point(1))), tmp_path / "file" / "history")
    assert "--figure" in refused.value.remedy
