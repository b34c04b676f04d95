"""The page's figures: a summary in, SVG elements by name out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass, field

from markupsafe import Markup
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.summary import Summary
from orchestrator.report.captions import CAPTIONS, WALK_CAPTIONS
from orchestrator.report.cells import CellTrials, by_cell
from orchestrator.report.figures import bars, curves, divergence, draw, throughput
from orchestrator.report.figures.style import colour
from orchestrator.report.html import svg

LEAST_LIGHTNESS = 0.55
"""Of a contender's colour on a dark page, 0 to 1."""

ON_LIGHT_PAPER = ("phases", "waterfall")
"""Figures that write in bars of a light colour: they keep their paper on a dark page."""


@dataclass(frozen=True)
class Drawn:
    """Elements by name, and the colours that they name: variable → (on a light page, on a dark one)."""

    elements: Mapping[str, Markup]
    colours: Mapping[str, tuple[str, str]]


def draw_all(summary: Summary) -> Drawn:
    """Draw what the page shows."""
    cells = by_cell(summary)
    with draw.style():
        figures = _figures(summary, cells)
        shown = _Colours(cells)
        elements = {
            name: svg.element(each.figure, name, each.title, shown.of_figures, each.points)
            for name, each in figures.items()
        }
    return Drawn(elements, shown.of_page)


def names_of_cells(summary: Summary, quantity: str) -> tuple[str, ...]:
    """Return the names of the panels of "loss" or "accuracy"."""
    return tuple(f"{quantity}-{number}" for number, _ in enumerate(by_cell(summary), start=1))


@dataclass(frozen=True)
class _Drawing:
    """A figure, its alternative text, and a text a point of its named lines."""

    figure: Figure
    title: str
    points: Mapping[str, Sequence[str]] = field(default_factory=dict)


def _figures(summary: Summary, cells: tuple[CellTrials, ...]) -> dict[str, _Drawing]:
    """Draw figures by name."""
    if summary.explanation:
        drawn = draw.figures(summary, titled=False)
        return {name: _Drawing(figure, WALK_CAPTIONS[name]) for name, figure in drawn.items()}
    found = {
        "throughput": throughput.draw(summary, cells),
        "phases": bars.phases(cells),
        "memory": bars.memory(cells),
        **({"divergence": divergence.draw(summary)} if summary.step_differences else {}),
    }
    whole = {name: _Drawing(figure, CAPTIONS[name]) for name, figure in found.items()}
    return {**_panels(cells, "loss", curves.LOSS), **_panels(cells, "accuracy", curves.ACCURACY), **whole}


def _panels(cells: tuple[CellTrials, ...], name: str, quantity: curves.Quantity) -> dict[str, _Drawing]:
    panels = zip(cells, curves.draw_each(cells, quantity), strict=True)
    return {
        f"{name}-{number}": _Drawing(figure, f"{CAPTIONS[name]}: {_cell(each)}", curves.point_texts(each, quantity))
        for number, (each, figure) in enumerate(panels, start=1)
    }


def _cell(each: CellTrials) -> str:
    return f"{words.printable(each.cell.contender)} on {words.printable(each.cell.recipe)}"


class _Colours:
    """Contenders' colours as the figures and as the page write them."""

    def __init__(self, cells: tuple[CellTrials, ...]) -> None:
        used = list(dict.fromkeys(to_hex(colour(each)) for each in cells))
        self.of_figures = {value: f"var(--contender-{number})" for number, value in enumerate(used, start=1)}
        self.of_page = {
            f"--contender-{number}": (value, on_dark_paper(value)) for number, value in enumerate(used, start=1)
        }


def on_dark_paper(value: str) -> str:
    """Turn a colour's lightness round and keep its hue: dark shades of a framework's colour become light ones."""
    hue, lightness, saturation = rgb_to_hls(*to_rgb(value))
    return to_hex(hls_to_rgb(hue, max(LEAST_LIGHTNESS, 1 - 0.75 * lightness), saturation))
