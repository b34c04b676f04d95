"""One quantity across runs: a panel a recipe of one size, a line a contender, a mark where the stack changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.run_history import History, Point, Series
from orchestrator.report.cells import numbered
from orchestrator.report.figures.style import EDGE, INK, MARKERS, PAPER, QUIET, plain_number, shade

WIDTH_INCHES = 8.5
PANEL_INCHES = 2.7
MOST_TICKS = 10
MOST_PANELS = 12
_NOTE = (
    "points: median over a run's trials, bars: least to most; "
    "runs of different hours are not paired, so a step is no proof"
)
_SCALES = {"peak_memory_bytes": 1e-6, "test_accuracy": 100.0}
_AXES = {
    "throughput": "images per second",
    "first_step_seconds": "seconds of the first step",
    "start_up_seconds": "seconds of start-up",
    "peak_memory_bytes": "peak memory in MB (10⁶ bytes)",
    "test_accuracy": "test accuracy in %",
    "val_loss": "validation loss in nats",
}
"""Of each quantity, in the unit that is drawn."""


def draw(history: History) -> Figure:
    """Draw the series; runs stand side by side in the order of time, whatever lies between them.

    Recipes of one run alone are left to the table, unless there are no others.
    """
    panels = _panels(history.series)
    numbers = numbered((each.contender, each.colour) for each in history.series)
    figure = Figure(figsize=(WIDTH_INCHES, 0.8 + PANEL_INCHES * max(1, len(panels))))
    axes = figure.subplots(max(1, len(panels)), 1, squeeze=False)[:, 0]
    for panel, ((recipe, size), group) in zip(axes, panels.items(), strict=False):
        panel.set_title(f"{words.shortened(recipe, 40)} · {words.printable(size)}", loc="left", color=INK)
        _panel(
            panel,
            group,
            numbers,
            _SCALES.get(history.metric, 1.0),
            from_zero=history.metric not in ("test_accuracy", "val_loss"),
        )
        panel.set_ylabel(_AXES[history.metric])
    title = f"{_AXES[history.metric].capitalize()} across {history.runs} runs of this machine"
    figure.suptitle(title, fontsize=10, fontweight="bold", x=0.01, ha="left")
    figure.supxlabel(_NOTE, fontsize=7, x=0.01, ha="left")
    return figure


def _panels(series: Sequence[Series]) -> dict[tuple[str, str], list[Series]]:
    """Return the series by recipe and size: those with several runs, the first MOST_PANELS of them."""
    found: dict[tuple[str, str], list[Series]] = {}
    for each in series:
        found.setdefault((each.recipe, each.size), []).append(each)
    several = {place: group for place, group in found.items() if len(_runs(group)) > 1}
    return dict(list((several or found).items())[:MOST_PANELS])


def _runs(group: Sequence[Series]) -> list[tuple[str, str]]:
    """Return when each run began and its name, in the order of time."""
    return sorted({(point.started_at, point.run) for each in group for point in each.points})


def _panel(
    panel: Axes, group: Sequence[Series], numbers: Mapping[str, tuple[int, int]], scale: float, *, from_zero: bool
) -> None:
    runs = _runs(group)
    places = {run: at for at, (_, run) in enumerate(runs)}
    for number, each in enumerate(group):
        aside = (number - (len(group) - 1) / 2) * min(0.12, 0.5 / len(group))
        x = [places[point.run] + aside for point in each.points]
        _line(panel, each, x, scale, numbers[each.contender])
    _marks(panel, group, places)
    step = -(-len(runs) // MOST_TICKS)
    panel.set_xticks(range(0, len(runs), step), [_when(at) for at, _ in runs[::step]])
    panel.set_xlim(-0.5, len(runs) - 0.5)
    if from_zero:
        panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter(plain_number)
    panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=7)


def _line(panel: Axes, each: Series, x: Sequence[float], scale: float, numbers: tuple[int, int]) -> None:
    """Draw a contender; several in a panel stand a little beside each other, so that bars do not hide bars."""
    number, version = numbers
    y = [point.value * scale for point in each.points]
    down = [(point.value - point.least) * scale for point in each.points]
    up = [(point.most - point.value) * scale for point in each.points]
    colour = shade(each.colour, version)
    panel.errorbar(
        x,
        y,
        yerr=[down, up],
        color=colour,
        ecolor=colour,
        elinewidth=0.8,
        capsize=2,
        lw=1.1,
        ls=("-", "--", ":", "-.")[number % 4],
        marker=MARKERS[number % len(MARKERS)],
        markersize=5,
        markerfacecolor=PAPER,
        label=words.shortened(each.contender, 28),
    )


def _marks(panel: Axes, group: Sequence[Series], places: dict[str, int]) -> None:
    """Mark the runs before which the stack of any contender changed, with what did."""
    told: dict[int, dict[str, None]] = {}
    changed = [(series.contender, point) for series in group for point in series.points if point.stack]
    for contender, point in changed:
        told.setdefault(places[point.run], {})[_told(contender, point)] = None
    for at, texts in told.items():
        panel.axvline(at - 0.5, color=EDGE, lw=0.8, ls=(0, (2, 2)))
        panel.annotate(
            "\n".join(list(texts)[:3]),
            (at - 0.5, 0.03),
            xycoords=panel.get_xaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            rotation=90,
            va="bottom",
            fontsize=6,
            color=QUIET,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
        )


def _told(contender: str, point: Point) -> str:
    """Name what changed most, and how much more did."""
    first = point.stack[0]
    more = f" +{len(point.stack) - 1}" if len(point.stack) > 1 else ""
    if first.name == "image":
        return f"{words.shortened(contender, 18)}: another image"
    name = contender if first.name == "framework_version" else first.name
    return f"{words.shortened(name, 18)} {words.shortened(first.after, 18) or words.ABSENT}{more}"


def _when(started_at: str) -> str:
    return f"{started_at[5:10]}\n{started_at[11:16]}"
