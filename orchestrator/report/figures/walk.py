"""Loss curves along a walk: one line a stop, from light to dark, each named at its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.explanation import Stop
from orchestrator.report.cells import CellTrials
from orchestrator.report.figures.curves import relative_height, spread_apart
from orchestrator.report.figures.style import INK, colour

WIDTH_INCHES = 10.5
LABEL_GAP = 0.058  # of the panel's height: a line of small text
LIGHTEST, DARKEST = 0.35, 0.95  # of the colour map, which is white at 0
LABELS_SHARE = 0.75  # of the epochs: the room at the right for the names


@dataclass(frozen=True)
class Line:
    """One stop's medians over its trials, epoch by epoch; NaN where a loss is not finite."""

    label: str
    colour: str
    width: float
    values: tuple[float, ...]


def draw(stops: Sequence[Stop], cells: Sequence[CellTrials]) -> Figure:
    """Draw a panel of training losses and one of validation losses."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.9))
    panels = figure.subplots(1, 2, sharex=True)
    for panel, field, title in zip(
        panels, ("train_loss", "val_loss"), ("training loss", "validation loss"), strict=True
    ):
        _panel(panel, [_line(stops, at, cells, field) for at in range(len(stops))])
        panel.set_title(f"{title} (nats per image)", loc="left", color=INK)
        panel.set_xlabel("epoch")
    return figure


def _line(stops: Sequence[Stop], at: int, cells: Sequence[CellTrials], field: str) -> Line:
    stop, last = stops[at], len(stops) - 1
    each = next(one for one in cells if (one.cell.contender, one.cell.recipe) == (stop.contender, stop.recipe))
    curves = [[getattr(epoch, field) for epoch in trial.epochs] for trial in each.done]
    values = tuple(_median(epoch) for epoch in zip(*curves, strict=False))
    name = words.shortened(f"+ {stop.taken}" if at else "start", 36)
    if at in (0, last):
        return Line(f"{name}{' (end)' if at else ''}", colour(each), 2.2, values)
    shade = LIGHTEST + (DARKEST - LIGHTEST) * (at - 1) / max(1, last - 2)
    return Line(name, to_hex(colormaps["Greys"](shade)), 1.2, values)


def _median(losses: Sequence[float | None]) -> float:
    finite = [loss for loss in losses if loss is not None and math.isfinite(loss)]
    return median(finite) if len(finite) == len(losses) else math.nan


def _panel(panel: Axes, lines: Sequence[Line]) -> None:
    for line in lines:
        epochs = range(1, len(line.values) + 1)
        panel.plot(epochs, line.values, color=line.colour, linewidth=line.width, marker="o", markersize=2.5)
    last = max((len(line.values) for line in lines), default=0) or 1
    panel.set_xlim(1 - 0.06 * last, last * (1 + LABELS_SHARE))
    panel.set_xticks(range(1, last + 1, math.ceil(last / 6)))
    panel.set_ylim(bottom=0)
    _labels(panel, [line for line in lines if line.values and math.isfinite(line.values[-1])], last)


def _labels(panel: Axes, lines: Sequence[Line], last: int) -> None:
    """Name each line beside its end, with a thread to it: nine ends lie closer than nine names."""
    if not lines:
        panel.text(0.5, 0.5, "no trial is done", transform=panel.transAxes, ha="center", color=INK)
        return
    heights = [relative_height(panel, line.values[-1]) for line in lines]
    across = panel.get_xaxis_transform()
    for line, at, placed in zip(lines, heights, spread_apart(heights, LABEL_GAP), strict=True):
        panel.plot([last, 1.07 * last], [at, placed], transform=across, color=line.colour, linewidth=0.6)
        text = f"{line.label} {line.values[-1]:.3f}"
        bold = "bold" if line.width > 2 else "normal"
        panel.text(1.09 * last, placed, text, transform=across, va="center", fontsize=6.5, color=INK, fontweight=bold)
