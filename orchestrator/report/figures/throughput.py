"""Throughput: images/s of every run beside its ratio to the reference, a row of panels a recipe.

At the left bars from 0 with a point a run. At the right, on an axis of its own, a point a block, the interval as a
line, the estimate as a stroke, and the margin as a band around 1. Ratios have one axis in all recipes.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.summary import MetricRatio, Summary
from orchestrator.report.captions import claims_of
from orchestrator.report.cells import CellTrials, by_recipe
from orchestrator.report.figures import bars
from orchestrator.report.figures.style import BAND, INK, colour, log_axis, marker, plain_number

ROW_INCHES = 0.46
RATIO_WIDTH_INCHES = 11.0
"""Of a figure that has both; the ratio takes less than half of it."""

LOG_FROM_RATIO = 4.0
_POINTS_BELOW, _INTERVAL_ABOVE = 0.17, 0.12  # of a row


def draw(summary: Summary, cells: Sequence[CellTrials]) -> Figure:
    """Draw a row of panels a recipe; without a ratio to show there is one column."""
    groups = list((by_recipe(cells) or {"": []}).items())
    rows = [row for row in claims_of(summary.ratios) if row.ratios]
    counts = [max(1, len(group)) for _, group in groups]
    size = (RATIO_WIDTH_INCHES if rows else bars.WIDTH_INCHES, 0.9 + sum(counts) * ROW_INCHES + 0.55 * len(counts))
    figure = Figure(figsize=size)
    grid = figure.add_gridspec(
        len(groups),
        2 if rows else 1,
        height_ratios=[count + 0.2 for count in counts],
        width_ratios=[5, 4][: 1 + bool(rows)],
        wspace=0.08,  # the last tick of one axis beside the first of the other
    )
    left = [figure.add_subplot(grid[place, 0]) for place in range(len(groups))]
    for panel, (recipe, group) in zip(left, groups, strict=True):
        bars.frame(panel, recipe, group)
        _rates(panel, group)
    left[-1].set_xlabel("images per second (bar: median, points: runs)")
    if rows:
        right = [figure.add_subplot(grid[place, 1]) for place in range(len(groups))]
        _ratios(right, groups, rows, summary.comparison.reference)
    return figure


def _rates(panel: Axes, group: Sequence[CellTrials]) -> None:
    values = [[trial.images_per_second for trial in each.done if trial.images_per_second] for each in group]
    every = [value for one in values for value in one]
    if every and max(every) / min(every) > bars.LOG_FROM_RATIO:
        log_axis(panel, "x", max(every) / min(every))
        panel.set_title(f"{panel.get_title(loc='left')} (log scale)", loc="left", color=INK)
        panel.set_xlim(min(every) / 3, max(every) * 4)
    bars.fill(panel, group, values, words.rate)


def _ratios(
    panels: Sequence[Axes],
    groups: Sequence[tuple[str, Sequence[CellTrials]]],
    rows: Sequence[MetricRatio],
    reference: str,
) -> None:
    found = {(row.contender, row.recipe): row for row in rows}
    for panel, (recipe, group) in zip(panels, groups, strict=True):
        _frame(panel, len(group), rows[0].verdict.margin)
        for place, each in enumerate(group):
            row = found.get((each.cell.contender, recipe))
            if row:
                _row(panel, place, row, each)
            elif each.cell.contender == reference:
                _beside(panel, place, "the reference")
    margin = 1 + rows[0].verdict.margin
    every = [value for row in rows for value in (*row.ratios, *(row.verdict.interval or ()))]
    _axis(panels, [1 / margin, margin, *every])
    panels[0].set_title(f"over {words.shortened(reference, 30)}", loc="left", color=INK)


def _frame(panel: Axes, rows: int, margin: float) -> None:
    panel.set_yticks([])
    panel.set_ylim(rows - 0.4, -0.6)  # as the bars beside it
    panel.spines["left"].set_visible(False)
    panel.axvspan(1 / (1 + margin), 1 + margin, color=BAND, alpha=0.2, lw=0)
    panel.axvline(1, color=INK, lw=0.9)


def _row(panel: Axes, place: int, row: MetricRatio, each: CellTrials) -> None:
    verdict, below = row.verdict, [place + _POINTS_BELOW] * len(row.ratios)
    panel.plot(row.ratios, below, marker(each), markersize=4, color=colour(each), alpha=0.75, gid="blocks")
    above = place - _INTERVAL_ABOVE
    if verdict.interval:
        panel.plot(verdict.interval, [above] * 2, color=INK, lw=2, solid_capstyle="butt", gid="interval")
    if verdict.estimate is None:
        return
    panel.plot([verdict.estimate], [above], "|", markersize=11, mew=2, color=INK, gid="estimate")
    told = words.ratio(verdict.estimate, 3)
    _beside(panel, place, f"{told}\n{words.interval(verdict.interval)}" if verdict.interval else told)


def _beside(panel: Axes, place: int, text: str) -> None:
    """Write at the right of the panel, where no point lies."""
    panel.text(1.03, place, text, transform=panel.get_yaxis_transform(), va="center", fontsize=7.5, color=INK)


def _axis(panels: Sequence[Axes], values: Sequence[float]) -> None:
    """Give all panels one axis of ratios, named below the last."""
    low, high = min(values), max(values)
    room = (high / low) ** 0.08
    far = high / low > LOG_FROM_RATIO
    for panel in panels:
        if far:
            log_axis(panel, "x", high / low)
        panel.set_xlim(low / room / 1.01, high * room * 1.01)
        panel.xaxis.set_major_formatter(plain_number)
    log = ", log scale" if far else ""
    panels[-1].set_xlabel(f"ratio of images/s{log}: right of 1 is faster")
