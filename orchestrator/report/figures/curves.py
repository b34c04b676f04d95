"""Loss and accuracy by epoch: one panel a cell on shared axes, labels on the lines, no legend."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.summary import TrialSummary
from orchestrator.record.record import Status
from orchestrator.report.cells import CellTrials
from orchestrator.report.figures.style import INK, colour, log_axis, marker

PANELS_PER_ROW = 4
PANEL_INCHES = (3.0, 2.6)
LOG_FROM_RATIO = 10
"""Losses that differ by more than this share no linear axis: a rise in the small ones would not be seen."""

_LABEL_GAP = 0.075  # of the panel's height: a line of text


@dataclass(frozen=True)
class Series:
    label: str
    field: str  # of Epoch
    dashes: str


@dataclass(frozen=True)
class Quantity:
    """What the panels show."""

    axis: str
    series: tuple[Series, ...]
    decimals: int
    may_be_log: bool
    scale: float = 1.0


LOSS = Quantity(
    "loss (nats per image)",
    (Series("training", "train_loss", "-"), Series("validation", "val_loss", "--")),
    decimals=3,
    may_be_log=True,
)
ACCURACY = Quantity(
    "validation accuracy (%)", (Series("validation", "val_accuracy", "--"),), decimals=2, may_be_log=False, scale=100
)

Point = tuple[int, float]  # epoch, value


def draw(cells: Sequence[CellTrials], quantity: Quantity) -> Figure:
    """Draw one panel a cell, in rows of four."""
    columns = max(1, min(PANELS_PER_ROW, len(cells)))
    rows = max(1, math.ceil(len(cells) / columns))
    figure = Figure(figsize=(max(6.5, columns * PANEL_INCHES[0]), rows * PANEL_INCHES[1] + 0.6))
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for panel, each in zip(panels, cells, strict=False):
        _curves(panel, each, quantity)
    _scale(panels, cells, quantity)
    for panel, each in zip(panels, cells, strict=False):
        _labels(panel, each, quantity)
    for unused in panels[len(cells) :]:
        unused.set_axis_off()
    figure.supxlabel("epoch", fontsize=8)
    log = ", log scale" if panels[0].get_yscale() == "log" else ""
    figure.supylabel(quantity.axis + log, fontsize=8)
    return figure


def draw_each(cells: Sequence[CellTrials], quantity: Quantity) -> list[Figure]:
    """Draw the same panels as a figure each, for a page that lays them out: their axes are equal all the same."""
    return [_alone(each, cells, quantity) for each in cells]


def _alone(each: CellTrials, cells: Sequence[CellTrials], quantity: Quantity) -> Figure:
    figure = Figure(figsize=(PANEL_INCHES[0] + 0.4, PANEL_INCHES[1]))
    panel = figure.subplots()
    _curves(panel, each, quantity)
    _scale([panel], cells, quantity)
    _labels(panel, each, quantity)
    panel.set_xlabel("epoch")
    panel.set_ylabel(quantity.axis + (", log scale" if panel.get_yscale() == "log" else ""))
    return figure


def _curves(panel: Axes, each: CellTrials, quantity: Quantity) -> None:
    several = f" · {len(each.trials)} trials" if len(each.trials) > 1 else ""
    tail = f" · {each.cell.track}{several}"
    recipe = words.shortened(each.cell.recipe, 42 - len(tail)) + tail
    panel.set_title(f"{words.shortened(each.cell.contender, 30)}\n{recipe}", loc="left", color=INK)
    width = 1.6 if len(each.trials) == 1 else 0.5
    for number, trial in enumerate(each.trials):
        for series in quantity.series:
            _line(panel, each, series, _values(trial, series, quantity), width, gid=_name(number, series))
        if _why(trial) and (points := _all_points(trial, quantity)):
            panel.plot(*points[-1], marker="x", markersize=8, markeredgewidth=2, color=INK, gid="broken off")
    if len(each.trials) > 1:
        for series in quantity.series:
            _line(panel, each, series, _medians(each, series, quantity), 2.0, gid=_median_name(series))


def point_texts(each: CellTrials, quantity: Quantity) -> dict[str, list[str]]:
    """Return a text a point of each trial's lines, by the line's name in the figure."""
    of_trials = {
        _name(number, series): [
            f"{words.printable(trial.id)}, epoch {epoch}: {series.label} {_written(value, quantity)}"
            for epoch, value in _points(trial, series, quantity)
        ]
        for number, trial in enumerate(each.trials)
        for series in quantity.series
    }
    of_medians = {
        _median_name(series): [
            f"median of {len(each.trials)} trials, epoch {epoch}: {series.label} {_written(value, quantity)}"
            for epoch, value in enumerate(_medians(each, series, quantity), start=1)
            if not math.isnan(value)
        ]
        for series in quantity.series
    }
    return of_trials | of_medians


def _median_name(series: Series) -> str:
    return f"median-{series.label}"


def _name(number: int, series: Series) -> str:
    return f"trial-{number}-{series.label}"


def _medians(each: CellTrials, series: Series, quantity: Quantity) -> list[float]:
    """Return the median over trials, epoch by epoch, as far as every trial that has any epoch goes."""
    curves = [values for trial in each.trials if (values := _values(trial, series, quantity))]
    return [median(at) if all(map(math.isfinite, at)) else math.nan for at in zip(*curves, strict=False)]


def _line(
    panel: Axes, each: CellTrials, series: Series, values: list[float], width: float, gid: str | None = None
) -> None:
    panel.plot(
        range(1, len(values) + 1),
        values,
        linestyle=series.dashes,
        linewidth=width,
        marker=marker(each),
        markersize=3.2 if len(values) <= 20 else 0,
        color=colour(each),
        label=series.label,
        gid=gid,
    )


def _scale(panels: Sequence[Axes], cells: Sequence[CellTrials], quantity: Quantity) -> None:
    """Set axes that are the same in every figure of these cells: whole epochs, and room at the right for the labels."""
    last = max((len(trial.epochs) for each in cells for trial in each.trials), default=0) or 1
    panels[0].set_xlim(1 - 0.06 * last, last + max(0.55 * last, 0.6))
    panels[0].set_xticks(range(1, last + 1, math.ceil(last / 6)))
    values = [value for each in cells for trial in each.trials for _, value in _all_points(trial, quantity)]
    if not values:
        panels[0].set_yticks([])
        return
    low, high = min(values), max(values)
    if quantity.may_be_log and low > 0 and high / low > LOG_FROM_RATIO:
        log_axis(panels[0], "y", high / low)
        panels[0].set_ylim(low / 1.3, high * 1.3)
        return
    from_zero = quantity.may_be_log and low >= 0
    room = 0.05 * ((high if from_zero else high - low) or abs(high) or 1.0)
    panels[0].set_ylim(0.0 if from_zero else low - room, high + room)


def _labels(panel: Axes, each: CellTrials, quantity: Quantity) -> None:
    """Write each line's name and last value beside its end, moved apart where they would touch."""
    ends = [end for series in quantity.series if (end := _end(each, series, quantity))]
    ends += _broken_off(each, quantity)
    if not ends:
        text = _silence(each)
        panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=INK)
        return
    heights = spread_apart([relative_height(panel, value) for _, value, _ in ends], _LABEL_GAP)
    for (epoch, _, text), height in zip(ends, heights, strict=True):
        panel.text(
            epoch, height, f"  {text}", transform=panel.get_xaxis_transform(), va="center", color=INK, fontsize=7
        )


def _end(each: CellTrials, series: Series, quantity: Quantity) -> tuple[int, float, str] | None:
    lines = [points for trial in each.trials if (points := _points(trial, series, quantity))]
    if not lines:
        return None
    value = median(points[-1][1] for points in lines)
    return max(points[-1][0] for points in lines), value, f"{series.label} {_written(value, quantity)}"


def _written(value: float, quantity: Quantity) -> str:
    return f"{value:.{quantity.decimals}f}" if abs(value) < 1000 else f"{value:.3g}"


def _broken_off(each: CellTrials, quantity: Quantity) -> list[tuple[int, float, str]]:
    """Return one label for each way in which trials ended badly, at the last of them."""
    by_reason: dict[str, list[Point]] = {}
    for trial in each.trials:
        if (why := _why(trial)) and (points := _all_points(trial, quantity)):
            partial = "" if trial.status is Status.DONE else " (partial)"
            by_reason.setdefault(f"{why}{partial}", []).append(points[-1])
    return [(*max(ends), f"× {why}" + (f" ({len(ends)})" if len(ends) > 1 else "")) for why, ends in by_reason.items()]


def _why(trial: TrialSummary) -> str:
    return _diverged(trial) or ("" if trial.status is Status.DONE else trial.cause or trial.status.replace("_", " "))


def _diverged(trial: TrialSummary) -> str:
    return "diverged" if any(epoch.train_loss is None or epoch.val_loss is None for epoch in trial.epochs) else ""


def _silence(each: CellTrials) -> str:
    """Say why a panel is empty."""
    said = [f"× {_why(trial)}" if _why(trial) else words.status(trial.status) for trial in each.trials]
    texts = dict.fromkeys(f"{what}: {trial.reason}".rstrip(": ") for what, trial in zip(said, each.trials, strict=True))
    lines = [textwrap.fill(words.shortened(one, 90), 32) for one in texts]
    return "\n".join(lines) or "no trial"


def _values(trial: TrialSummary, series: Series, quantity: Quantity) -> list[float]:
    """Return a value an epoch, NaN where there is none: the line has a hole there."""
    values = [getattr(epoch, series.field) for epoch in trial.epochs]
    return [math.nan if value is None or not math.isfinite(value) else quantity.scale * value for value in values]


def _points(trial: TrialSummary, series: Series, quantity: Quantity) -> list[Point]:
    values = enumerate(_values(trial, series, quantity), start=1)
    return [(epoch, value) for epoch, value in values if not math.isnan(value)]


def _all_points(trial: TrialSummary, quantity: Quantity) -> list[Point]:
    return sorted(point for series in quantity.series for point in _points(trial, series, quantity))


def relative_height(panel: Axes, value: float) -> float:
    """Return where `value` lies in the panel, 0 at the bottom and 1 at the top."""
    x, y = panel.transData.transform((1, value))
    return float(panel.transAxes.inverted().transform((x, y))[1])


def spread_apart(heights: Sequence[float], gap: float) -> list[float]:
    """Push heights apart until each has its line of text, evenly to both sides, within the panel."""
    placed = list(heights)
    order = sorted(range(len(placed)), key=placed.__getitem__)
    for below, above in list(pairwise(order)) * 20:
        overlap = max(0.0, gap - (placed[above] - placed[below]))
        placed[below] -= overlap / 2
        placed[above] += overlap / 2
    shift = max(0.0, 0.03 - min(placed)) - max(0.0, max(placed) - 0.98)
    return [height + shift for height in placed]
