"""What all figures share: ink, colours, what stands beside a colour, and axes in plain numbers."""

from __future__ import annotations

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.ticker import LogLocator, NullLocator

from orchestrator.analyse.summary import Summary
from orchestrator.report.cells import CellTrials

INK = "#222222"
MARKERS = "osD^vPX*"
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo")


def marker(each: CellTrials) -> str:
    """Return the contender's marker: versions of one framework share its colour."""
    return MARKERS[each.contender_index % len(MARKERS)]


def hatch(each: CellTrials) -> str:
    return HATCHES[each.contender_index % len(HATCHES)]


def colour(each: CellTrials) -> str:
    """Return the cell's colour, grey where the file names none that can be drawn."""
    return each.cell.colour if is_color_like(each.cell.colour) else "#666666"


def colour_of(summary: Summary, contender: str) -> str:
    """Return a contender's colour by its name, grey where no cell has it."""
    named = next((cell.colour for cell in summary.comparison.cells if cell.contender == contender), "")
    return named if is_color_like(named) else "#666666"


def log_axis(panel: Axes, name: Literal["x", "y"], ratio: float) -> None:
    """Make an axis over `ratio` from end to end logarithmic, with plain numbers: the usual labels are formulae."""
    panel.set(**{f"{name}scale": "log"})
    axis = panel.xaxis if name == "x" else panel.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 1e4 else (1,), numticks=12))
    axis.set_major_formatter(plain_number)
    axis.set_minor_locator(NullLocator())


def plain_number(value: float, _: float = 0) -> str:
    """Write a tick: 45000 is 45,000."""
    return f"{value:,.10g}" if abs(value) < 1e9 else f"{value:.0e}"
