"""The waterfall: an explanation in, a figure out. One panel an outcome, one row a setting, from start to end.

A bar floats from where the settings above it have come to where it goes on to. Its sign stands in its number and
in its hatch, and the framework's bar is dark, so that nothing hangs on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from orchestrator import text as words
from orchestrator.analyse.attribution_text import number
from orchestrator.analyse.explanation import Attribution, Contribution, Explanation, Stop
from orchestrator.plan.factors import FRAMEWORK
from orchestrator.report.figures.style import INK, PAPER, SETTING, SETTING_EDGE, THE_FRAMEWORK

PANELS_PER_ROW = 3
PANEL_INCHES = 2.9
ROW_INCHES = 0.24
DOWN_HATCH = "/////"
FROM_ZERO_BELOW = 0.5
"""Where the lowest level is above this share of the highest, bars from 0 would hide the steps: a dot stands instead."""

Range = tuple[float, float]


def draw(explanation: Explanation, colours: tuple[str, str]) -> Figure:
    """Draw the outcomes that have a total; `colours` are those of the start and the end."""
    shown = [each for each in explanation.attributions if each.total]
    columns = max(1, min(PANELS_PER_ROW, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    height = rows * (len(explanation.stops) + 3) * ROW_INCHES + 0.5
    figure = Figure(figsize=(max(6.5, 2.2 + columns * PANEL_INCHES), height))
    panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    start, end = _name(explanation.stops[0]), _name(explanation.stops[-1])
    for panel, each in zip(panels, shown, strict=False):
        _panel(panel, each, colours)
        _rows(panel, [start, *(one.title for one in each.contributions), end])
    for unused in panels[len(shown) :]:
        unused.set_axis_off()
        _key(unused)
    if not shown:
        panels[0].text(0.5, 0.5, "nothing to explain yet", transform=panels[0].transAxes, ha="center", color=INK)
    return figure


def _panel(panel: Axes, each: Attribution, colours: tuple[str, str]) -> None:
    scale = 100 if each.unit == "fraction" else 1
    levels = list(accumulate((scale * one.mean for one in each.contributions), initial=scale * (each.start or 0.0)))
    whiskers = [_whisker(one, scale, level) for one, level in zip(each.contributions, levels, strict=False)]
    zero = _limits(panel, levels, [whisker for whisker in whiskers if whisker])
    for row, (one, (before, after)) in enumerate(zip(each.contributions, pairwise(levels), strict=True), start=1):
        _step(panel, row, one, before, after)
        _whiskers(panel, row, whiskers[row - 1])
        _number(panel, row, number(one.mean, each.unit), one.setting == FRAMEWORK)
    for row, level in enumerate(levels):
        panel.plot([level, level], [row, row + 1], color=INK, linewidth=0.6, linestyle=":", zorder=1)
    for row, level, colour in ((0, levels[0], colours[0]), (len(levels), levels[-1], colours[1])):
        _end(panel, row, level, colour, zero)
        _number(panel, row, number(level / scale, each.unit).lstrip("+"), False)
    panel.set_title(f"{each.title} ({'%' if scale == 100 else each.unit})", loc="left", color=INK)


def _name(stop: Stop) -> str:
    return f"{words.shortened(stop.recipe, 20)} in {words.shortened(stop.contender, 18)}"


def _limits(panel: Axes, levels: Sequence[float], whiskers: Sequence[Range]) -> bool:
    """Set the axis: with 0 where that hides no step, which is told; a whisker reaches out by half the levels' span."""
    zero = min(levels) <= FROM_ZERO_BELOW * max(levels)
    low, high = (min(0.0, *levels), max(levels)) if zero else (min(levels), max(levels))
    span = (high - low) or abs(high) or 1.0
    reach = [bound for whisker in whiskers for bound in whisker]
    left = max(min([low, *reach]), low - span / 2) - 0.04 * span
    positive = zero and low > -0.01 * span  # rounding may leave a level a hair below 0
    panel.set_xlim(0.0 if positive else left, min(max([high, *reach]), high + span / 2) + 0.04 * span)
    return zero


def _whisker(one: Contribution, scale: float, before: float) -> Range | None:
    return (before + scale * one.interval[0], before + scale * one.interval[1]) if one.interval else None


def _step(panel: Axes, row: int, one: Contribution, before: float, after: float) -> None:
    framework = one.setting == FRAMEWORK
    panel.barh(
        row,
        after - before,
        left=before,
        height=0.62,
        color=THE_FRAMEWORK if framework else SETTING,
        hatch=DOWN_HATCH if one.mean < 0 else "",
        edgecolor=PAPER if framework else SETTING_EDGE,
        linewidth=0.5,
        gid=one.setting,
        zorder=2,
    )


def _whiskers(panel: Axes, row: int, whisker: Range | None) -> None:
    """Draw an interval; where it runs out of the panel an arrow stands at the edge."""
    if whisker is None:
        return
    left, right = panel.get_xlim()
    panel.plot(whisker, [row, row], color=INK, linewidth=0.9, marker="|", markersize=5, zorder=3, gid="interval")
    hair = 0.005 * (right - left)
    for beyond, edge, marker in ((whisker[0] < left - hair, left, "<"), (whisker[1] > right + hair, right, ">")):
        if beyond:
            panel.plot([edge], [row], color=INK, marker=marker, markersize=4, clip_on=False, zorder=3)


def _end(panel: Axes, row: int, level: float, colour: str, zero: bool) -> None:
    if zero:
        panel.barh(row, level, height=0.62, color=colour, zorder=2)
    else:
        panel.plot([level], [row], "o", color=colour, markersize=6, zorder=3)


def _key(panel: Axes) -> None:
    """Say in a spare panel what the marks mean."""
    interval = "95 % interval at the bar's far end;\nan arrow: it runs on"
    marks = [
        Patch(facecolor=SETTING, edgecolor=SETTING_EDGE, label="raises it"),
        Patch(facecolor=SETTING, edgecolor=SETTING_EDGE, hatch=DOWN_HATCH, label="lowers it"),
        Patch(facecolor=THE_FRAMEWORK, label="the framework"),
        Line2D(
            [],
            [],
            color=INK,
            marker="|",
            linewidth=0.9,
            label=interval,
        ),
    ]
    panel.legend(handles=marks, loc="center left", frameon=False)


def _number(panel: Axes, row: int, text: str, bold: bool) -> None:
    """Write a number in a column of its own beside the panel, where no whisker crosses it."""
    place, weight = panel.get_yaxis_transform(), "bold" if bold else "normal"
    panel.text(1.04, row, text, transform=place, va="center", fontsize=7.5, color=INK, fontweight=weight)


def _rows(panel: Axes, titles: Sequence[str]) -> None:
    panel.set_yticks(range(len(titles)), [words.shortened(title, 46) for title in titles])
    panel.set_ylim(len(titles) - 0.4, -0.6)  # the start on top
    panel.tick_params(axis="y", length=0)
    panel.grid(visible=False, axis="y")
