"""The evidence of a bisect: a column a version, each block a point, the interval a line, the margin a band around 1."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator import text as words
from orchestrator.analyse.bisect_answer import Answer, Standing, VersionFound
from orchestrator.report.bisect import METRICS, STANDINGS
from orchestrator.report.figures.style import BAD, BAND, GOOD, INK, QUIET, plain_number
from orchestrator.spec.margin import fraction

COLUMN_INCHES = 0.85
COLOURS: dict[Standing, str] = {"good": GOOD, "bad": BAD}
MARKERS: dict[Standing, str] = {"good": "o", "bad": "X"}


def draw(found: Answer) -> Figure:
    """Draw one column a version, in their order."""
    question, shown = found.question, found.versions
    figure = Figure(figsize=(max(5.0, 1.4 + COLUMN_INCHES * len(shown)), 3.8))
    panel = figure.subplots()
    margin = fraction(question.spec.margin)
    panel.axhspan(1 / (1 + margin), 1 + margin, color=BAND, alpha=0.2, lw=0)
    panel.axhline(1, color=INK, lw=0.9)
    for place, each in enumerate(shown):
        _column(panel, place, each)
    panel.set_xticks(range(len(shown)), [f"{each.version}\n{STANDINGS[each.standing]}" for each in shown], fontsize=7)
    panel.set_xlim(-0.6, len(shown) - 0.4)
    panel.grid(visible=False, axis="x")
    panel.yaxis.set_major_formatter(plain_number)
    panel.set_ylabel(f"{METRICS[question.metric]} over those of {question.good}")
    _mark(panel, found)
    title = f"{words.shortened(question.contender, 30)}: {_title(found)}"
    figure.suptitle(title, fontsize=10, fontweight="bold", x=0.01, ha="left")
    return figure


def _column(panel: Axes, place: int, each: VersionFound) -> None:
    colour, marker = COLOURS.get(each.standing, QUIET), MARKERS.get(each.standing, "s")
    panel.plot([place + 0.15] * len(each.ratios), each.ratios, marker, ms=4, color=colour, alpha=0.7, gid="blocks")
    if each.interval:
        panel.plot([place - 0.1] * 2, each.interval, color=INK, lw=2, solid_capstyle="butt", gid="interval")
    if each.estimate is not None:
        panel.plot([place - 0.1], [each.estimate], "_", ms=11, mew=2, color=INK, gid="estimate")


def _mark(panel: Axes, found: Answer) -> None:
    """Shade the bracket in which the first worse version lies."""
    if found.last_good is None or found.first_bad is None:
        return
    versions = found.question.versions
    first, last = versions.index(found.last_good), versions.index(found.first_bad)
    panel.axvspan(first + 0.5, last + 0.5, color=BAD, alpha=0.08, lw=0, gid="bracket")


def _title(found: Answer) -> str:
    match found.outcome:
        case "named":
            return f"{found.first_bad} is the first worse version"
        case "range":
            return f"the first worse version comes after {found.last_good}, {found.first_bad} at the latest"
        case "no-difference":
            return "nothing to bisect"
    return "not decided"
