"""Phases and memory, and what throughput shares with them: a panel a recipe, a horizontal bar a contender.

Recipes differ in size by orders of magnitude and are not what a reader compares here, so
each recipe has an axis of its own that starts at zero; bars side by side are comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.report.cells import CellTrials, by_recipe
from orchestrator.report.figures.style import EDGE, INK, PAPER, PHASE_LOOKS, UNKNOWN_PHASE, colour, hatch, plain_number

WIDTH_INCHES = 8.5
BAR_INCHES = 0.42
LOG_FROM_RATIO = 20
_LABELLED_FROM = 0.09  # of the axis: a narrower part has no room for its name

Fill = Callable[[Axes, Sequence[CellTrials]], None]


def memory(cells: Sequence[CellTrials]) -> Figure:
    kinds = dict.fromkeys(words.memory_kind(trial.device) for each in cells for trial in each.done)
    return _panels(cells, _memory, f"peak memory in MB (10⁶ bytes): {' or '.join(kinds) or 'nothing measured'}")


def phases(cells: Sequence[CellTrials]) -> Figure:
    """Stacked seconds of each cell, medians over its trials; what is too narrow for a name is listed below its bar."""
    return _panels(cells, _phases, "seconds", bar_inches=0.62)


def _panels(cells: Sequence[CellTrials], draw: Fill, axis: str, bar_inches: float = BAR_INCHES) -> Figure:
    groups = by_recipe(cells) or {"": []}
    counts = [max(1, len(group)) for group in groups.values()]
    figure = Figure(figsize=(WIDTH_INCHES, 0.9 + sum(counts) * bar_inches + 0.55 * len(counts)))
    panels = figure.subplots(len(counts), 1, squeeze=False, height_ratios=[count + 0.2 for count in counts])[:, 0]
    for panel, (recipe, group) in zip(panels, groups.items(), strict=True):
        frame(panel, recipe, group)
        draw(panel, group)
    panels[-1].set_xlabel(axis)
    return figure


def frame(panel: Axes, recipe: str, group: Sequence[CellTrials]) -> None:
    """Name a panel after its recipe and its rows after their contenders."""
    track = f" · {group[0].cell.track}" if group else ""
    panel.set_title(words.shortened(recipe, 80) + track, loc="left", color=INK)
    panel.set_yticks(range(len(group)), [words.shortened(each.cell.contender, 30) for each in group])
    panel.set_ylim(len(group) - 0.4, -0.6)  # the first contender on top
    panel.grid(visible=False, axis="y")
    panel.xaxis.set_major_formatter(plain_number)
    panel.tick_params(axis="y", length=0)


def _memory(panel: Axes, group: Sequence[CellTrials]) -> None:
    values = [[trial.peak_memory_bytes / 1e6 for trial in each.done if trial.peak_memory_bytes] for each in group]
    fill(panel, group, values, lambda megabytes: f"{megabytes:,.0f}")


def fill(
    panel: Axes, group: Sequence[CellTrials], values: Sequence[list[float]], written: Callable[[float], str]
) -> None:
    """Draw a bar a contender, as long as the median of its values, a point a value, and the median beside it."""
    for row, (each, measured) in enumerate(zip(group, values, strict=True)):
        if not measured:
            _absent(panel, row, each)
            continue
        panel.barh(row, median(measured), height=0.62, color=colour(each), hatch=hatch(each), edgecolor=PAPER)
        panel.plot(measured, [row] * len(measured), "o", markersize=4, color=INK, markerfacecolor=PAPER)
        _after(panel, max(measured), row, written(median(measured)))
    _room(panel, [max(measured) for measured in values if measured])


def _phases(panel: Axes, group: Sequence[CellTrials]) -> None:
    parts = [_medians(each) for each in group]
    panel.set_yticks([row - 0.12 for row in range(len(group))], [tick.get_text() for tick in panel.get_yticklabels()])
    longest = max((sum(one.values()) for one in parts), default=0.0)
    for row, (each, seconds) in enumerate(zip(group, parts, strict=True)):
        if not seconds:
            _absent(panel, row, each)
            continue
        _stack(panel, row, seconds, longest)
        _after(panel, sum(seconds.values()), row - 0.12, f"{words.seconds(sum(seconds.values()))} s")
    _room(panel, [longest] if longest else [])


def _stack(panel: Axes, row: int, parts: dict[str, float], longest: float) -> None:
    start, narrow = 0.0, []
    for name, seconds in parts.items():
        face, lines = PHASE_LOOKS.get(name, UNKNOWN_PHASE)
        panel.barh(row - 0.12, seconds, left=start, height=0.48, color=face, hatch=lines, edgecolor=EDGE, lw=0.5)
        text = f"{words.shortened(name.replace('_', ' '), 16)} {words.seconds(seconds)}"
        if seconds >= _LABELLED_FROM * longest * (len(text) / 9):
            box = {"facecolor": face, "edgecolor": "none", "pad": 0.8}
            panel.text(start + seconds / 2, row - 0.12, text, ha="center", va="center", fontsize=7, color=INK, bbox=box)
        else:
            narrow.append(text)
        start += seconds
    listed = words.shortened(" · ".join(narrow), 150)
    panel.annotate(
        listed, (0, row + 0.29), xytext=(3, 0), textcoords="offset points", va="center", fontsize=6.5, color=INK
    )


def _medians(each: CellTrials) -> dict[str, float]:
    """Return seconds by phase in the order of words.PHASES, unknown names last."""
    names = dict.fromkeys((*words.PHASES, *(name for trial in each.done for name in trial.phases)))
    by_phase = {name: [trial.phases[name] for trial in each.done if name in trial.phases] for name in names}
    return {name: median(seconds) for name, seconds in by_phase.items() if seconds}


def _after(panel: Axes, x: float, y: float, text: str) -> None:
    panel.annotate(text, (x, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7.5, color=INK)


def _absent(panel: Axes, row: int, each: CellTrials) -> None:
    said = ", ".join(dict.fromkeys(words.status(trial.status) for trial in each.trials)) or "no trial"
    text = "not measured" if each.done else said
    place, kind = (0.01, panel.get_yticks()[row]), panel.get_yaxis_transform()
    panel.annotate(text, place, xycoords=kind, va="center", fontsize=7.5, style="italic", color=INK)


def _room(panel: Axes, lengths: Sequence[float]) -> None:
    """Leave room at the right for the numbers."""
    if panel.get_xscale() == "linear":
        panel.set_xlim(0, 1.22 * max(lengths, default=1.0) or 1.0)
    if not lengths:
        panel.set_xticks([])
