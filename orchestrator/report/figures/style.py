"""What all figures share: settings, colours, what stands beside a colour, and axes in plain numbers.

A framework has one colour everywhere; its versions in a figure are told apart by shade and marker. No other module of
this package names a colour.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like, to_hex, to_rgb
from matplotlib.ticker import LogLocator, NullLocator

from orchestrator.analyse.summary import Summary
from orchestrator.report.cells import CellTrials, by_cell

INK = "#222222"
PAPER = "#ffffff"
GRID = "#e4e4e4"
EDGE = "#888888"
BAND = "#8a8a8a"
"""Of a margin, drawn through."""

QUIET = "#666666"
"""What has no colour of its own, and what is said beside the figure's matter."""

GOOD, BAD = "#2b7a78", "#b3261e"
SETTING, SETTING_EDGE, THE_FRAMEWORK = "#a9bccd", "#5c7186", "#c2255c"
"""Of a walk's bars: a setting's, and the framework's own, which is no framework's colour."""

PHASE_LOOKS = {  # light to dark, so that neighbours differ in grey too; no framework's colour
    "import": ("#dfe7ee", ""),
    "data": ("#b3cde3", ".."),
    "build": ("#8fb2d0", ""),
    "first_step": ("#e8dfb5", "//"),
    "warm_up": ("#d4c37a", ""),
    "training": ("#7fbf9b", ""),
    "evaluation": ("#bfe3cf", "\\\\"),
    "predict": ("#d9d9d9", ""),
}
UNKNOWN_PHASE = ("#c9b6d6", "xx")

SHADES = (0.0, -0.4, -0.65, 0.3, -0.2)
"""Of the versions of a framework, in their order: how far its colour goes to black (below 0) or to white.

The first three keep a contrast of 3 to white paper, which a light shade of TensorFlow's orange does not."""

MARKERS = "osD^vPX*"
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo")

PNG_DOTS_PER_INCH = 192
"""Two a CSS pixel, of which an inch has 96."""

STYLE = {
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: searchable, and read aloud
    "svg.hashsalt": "bakeoff",
    "text.parse_math": False,  # a "$" in a name is a "$"
    "text.usetex": False,
}


@contextmanager
def style() -> Iterator[None]:
    """Use the figures' settings, whatever matplotlibrc says, until the block ends."""
    with matplotlib.style.context(STYLE, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a name's script shows as boxes
        yield


def marker(each: CellTrials) -> str:
    """Return the contender's marker, another one for each contender."""
    return MARKERS[each.contender_index % len(MARKERS)]


def hatch(each: CellTrials) -> str:
    return HATCHES[each.contender_index % len(HATCHES)]


def colour(each: CellTrials) -> str:
    """Return the cell's colour in the shade of its version, grey where the file names none that can be drawn."""
    return shade(each.cell.colour, each.version_index)


def colour_of(summary: Summary, contender: str) -> str:
    """Return a contender's colour by its name, grey where no cell has it."""
    return next((colour(each) for each in by_cell(summary) if each.cell.contender == contender), QUIET)


def shade(named: str, version: int) -> str:
    """Return a colour in the shade of a framework's version of that number, counted from 0."""
    if not is_color_like(named):
        return QUIET
    share = SHADES[version % len(SHADES)]
    end = 1.0 if share > 0 else 0.0
    red, green, blue = (part + (end - part) * abs(share) for part in to_rgb(named))
    return to_hex((red, green, blue)) if share else named


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
