"""The figures of a report: a summary in, PNG and SVG files out.

One colour a framework everywhere, and always something beside the colour: dashes, markers,
hatches, labels on the lines. The same summary gives the same bytes: dates and random ids
are left out, and nobody's matplotlibrc is heard. `pyplot` and its global state stay unused.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from orchestrator.analyse.explanation import Explanation
from orchestrator.analyse.summary import Summary
from orchestrator.record.run_folder import FIGURES
from orchestrator.report.captions import CAPTIONS, WALK_CAPTIONS
from orchestrator.report.cells import CellTrials, by_cell
from orchestrator.report.figures import bars, curves, divergence, throughput, walk, waterfall
from orchestrator.report.figures.style import PNG_DOTS_PER_INCH, colour, style

__all__ = ["draw", "figures", "saved", "style"]


def draw(summary: Summary, folder: Path) -> list[Path]:
    """Write every figure as PNG and SVG into `folder`/figures and return the paths.

    A comparison without a trial that is done gets its figures too: they say so.
    """
    target = folder / FIGURES
    target.mkdir(parents=True, exist_ok=True)
    with style():
        return [path for name, figure in figures(summary).items() for path in saved(figure, target / name)]


def figures(summary: Summary, *, titled: bool = True) -> dict[str, Figure]:
    """Draw every figure, by file name without its ending, with its title in it or without. Call it within `style`."""
    cells = by_cell(summary)
    drawn = _of_walk(summary.explanation, cells) if summary.explanation else _of_cells(summary, cells)
    for name, figure in drawn.items() if titled else ():
        figure.suptitle(_title(name, cells), fontsize=10, fontweight="bold", x=0.01, ha="left")
    return drawn


def _of_cells(summary: Summary, cells: tuple[CellTrials, ...]) -> dict[str, Figure]:
    return {
        "loss": curves.draw(cells, curves.LOSS),
        "accuracy": curves.draw(cells, curves.ACCURACY),
        "throughput": throughput.draw(summary, cells),
        "phases": bars.phases(cells),
        "memory": bars.memory(cells),
        **({"divergence": divergence.draw(summary)} if summary.step_differences else {}),
    }


def _of_walk(explanation: Explanation, cells: tuple[CellTrials, ...]) -> dict[str, Figure]:
    """Draw what a walk is read by: each of its cells has a recipe of its own, so no bar has a neighbour."""
    colours = {(each.cell.contender, each.cell.recipe): colour(each) for each in cells}
    start, end = (colours[stop.contender, stop.recipe] for stop in (explanation.stops[0], explanation.stops[-1]))
    return {
        "waterfall": waterfall.draw(explanation, (start, end)),
        "walk": walk.draw(explanation.stops, cells),
    }


def _title(name: str, cells: tuple[CellTrials, ...]) -> str:
    caption = {**WALK_CAPTIONS, **CAPTIONS}[name]
    if not any(each.done for each in cells):
        return f"{caption} (no trial is done)"
    several = any(len(each.trials) > 1 for each in cells)
    if not several or name in ("divergence", "throughput", "waterfall"):  # which say themselves what they show
        return caption
    return f"{caption} (numbers: medians)"


def saved(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and SVG. Call it within `style`."""
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    figure.savefig(png, dpi=PNG_DOTS_PER_INCH, metadata={"Software": None})
    figure.set_layout_engine("none")  # keeps the layout just made: making it is half of a figure's time
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return [png, svg]
