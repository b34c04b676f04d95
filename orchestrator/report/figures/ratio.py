"""Ratios of throughput to the reference: every block a point, the interval a line, the margin a band around 1."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.summary import MetricRatio, Summary
from orchestrator.report.captions import claims_of
from orchestrator.report.figures.style import INK, MARKERS, colour_of, log_axis, plain_number

CAPTION = "Training throughput over the reference's: a point a block, the interval as a line, the margin as a band"

WIDTH_INCHES = 6.8
ROW_INCHES = 0.5
LOG_FROM_RATIO = 4.0
POINTS_BELOW = 0.17  # of a row: points stand under their interval


def rows(summary: Summary) -> list[MetricRatio]:
    """Return the comparisons that have a block to show."""
    return [row for row in claims_of(summary.ratios) if row.ratios]


def draw(summary: Summary) -> Figure:
    """Draw one row a comparison on an axis of ratios."""
    shown = rows(summary)
    figure = Figure(figsize=(WIDTH_INCHES, 0.75 + ROW_INCHES * len(shown)))
    panel = figure.subplots()
    _frame(panel, shown)
    contenders = list(dict.fromkeys(row.contender for row in shown))
    for place, row in enumerate(shown):
        _row(
            panel,
            place,
            row,
            colour_of(summary, row.contender),
            MARKERS[contenders.index(row.contender) % len(MARKERS)],
        )
    _axis(panel, [value for row in shown for value in (*row.ratios, *(row.verdict.interval or ()))])
    return figure


def _frame(panel: Axes, shown: Sequence[MetricRatio]) -> None:
    names = [f"{words.shortened(row.contender, 24)}\n{words.shortened(row.recipe, 24)}" for row in shown]
    panel.set_yticks(range(len(shown)), names)
    panel.set_ylim(len(shown) - 0.45, -0.55)
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0)
    margin = shown[0].verdict.margin
    panel.axvspan(1 / (1 + margin), 1 + margin, color="#8a8a8a", alpha=0.2, lw=0)
    panel.axvline(1, color=INK, lw=0.9)


def _row(panel: Axes, place: int, row: MetricRatio, colour: str, marker: str) -> None:
    verdict, below = row.verdict, [place + POINTS_BELOW] * len(row.ratios)
    panel.plot(row.ratios, below, marker, markersize=4, color=colour, alpha=0.75, gid="blocks")
    if verdict.interval:
        panel.plot(verdict.interval, [place - 0.1] * 2, color=INK, lw=2, solid_capstyle="butt", gid="interval")
    if verdict.estimate is not None:
        panel.plot([verdict.estimate], [place - 0.1], "|", markersize=11, mew=2, color=INK, gid="estimate")


def _axis(panel: Axes, values: Sequence[float]) -> None:
    low, high = min(1.0, *values), max(1.0, *values)
    if high / low > LOG_FROM_RATIO:
        log_axis(panel, "x", high / low)
    room = (high / low) ** 0.08
    panel.set_xlim(low / room / 1.01, high * room * 1.01)
    log = ", log scale" if panel.get_xscale() == "log" else ""
    panel.set_xlabel(f"images/s over the reference's{log}: right of 1 is faster")
    panel.xaxis.set_major_formatter(plain_number)
