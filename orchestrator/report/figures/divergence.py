"""How far trainings part, step by step, on a log axis: a column a recipe, a row a quantity, floors dashed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from orchestrator import text as words
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import Curve, StepDifference, Summary
from orchestrator.report.figures.style import INK, colour_of

PANEL_INCHES = (4.6, 1.9)


@dataclass(frozen=True)
class Quantity:
    title: str
    field: str  # of Curve


QUANTITIES = (
    Quantity("|difference| of the step's loss (nats)", "loss"),
    Quantity("relative difference of the gradient's norm", "gradient_norm"),
    Quantity("relative difference of the weights' norm", "weight_norm"),
)


def draw(summary: Summary) -> Figure:
    """Draw every divergence of a comparison that has some."""
    found = summary.step_differences
    recipes = list(dict.fromkeys(each.recipe for each in found))
    shown = [quantity for quantity in QUANTITIES if any(_values(each.curve, quantity) for each in found)]
    size = (max(6.5, PANEL_INCHES[0] * len(recipes)), PANEL_INCHES[1] * len(shown) + 0.7)
    figure = Figure(figsize=size)
    panels = figure.subplots(len(shown), len(recipes), squeeze=False, sharex="col")
    for column, recipe in enumerate(recipes):
        mine = [each for each in found if each.recipe == recipe]
        for row, quantity in enumerate(shown):
            _panel(panels[row, column], mine, quantity, summary)
        panels[0, column].set_title(_heading(mine, summary.comparison.reference), loc="left", color=INK)
        panels[-1, column].set_xlabel("step, over all epochs")
    return figure


def _heading(found: Sequence[StepDifference], reference: str) -> str:
    seeds = len({each.seed for each in found})
    several = f" · {seeds} seeds" if seeds > 1 else ""
    beside = words.shortened(reference, 30)
    return f"{words.shortened(found[0].recipe, 30)} · {found[0].precision}{several} · beside {beside}"


def _panel(panel: Axes, found: Sequence[StepDifference], quantity: Quantity, summary: Summary) -> None:
    curves = [(each, _values(each.curve, quantity)) for each in found]
    positive = [value for _, values in curves for value in values if value > 0]
    panel.set_ylabel(quantity.title.replace(" of ", "\nof ", 1), fontsize=7)
    if not positive:
        panel.set_yticks([])
        panel.text(0.5, 0.5, "0 at every step, bit for bit", transform=panel.transAxes, ha="center", color=INK)
        return
    lowest, highest = min(positive), max(positive)
    panel.set_yscale("log")
    panel.set_ylim(lowest / 4, highest * 4)
    panel.yaxis.set_major_locator(LogLocator(numticks=6))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0e}")
    for each, values in curves:
        if any(values):
            _line(panel, each, values, summary)
    if quantity.field == "loss":
        _tolerance(panel, found[0])
    zero = dict.fromkeys(each.contenders[0] for each, values in curves if each.kind == "floor" and not any(values))
    if zero:
        told = f"{' and '.join(words.shortened(name, 20) for name in zero)} twice: 0 at every step"
        panel.text(0.01, 0.04, told, transform=panel.transAxes, fontsize=6.5, color=INK, style="italic")


def _line(panel: Axes, each: StepDifference, values: Sequence[float], summary: Summary) -> None:
    """Draw one curve, the first seed's thick and with a label; where a curve is exactly 0 it has a hole."""
    floor = each.kind == "floor"
    panel.plot(
        each.curve.steps,
        [value or float("nan") for value in values],
        linestyle="--" if floor else "-",
        linewidth=0.8 if floor or each.seed != 1 else 1.4,
        color=colour_of(summary, each.contenders[0 if floor else 1]),
        gid=f"{each.kind} {each.seed}",
    )
    name = f"{words.shortened(each.contenders[0], 18)} twice" if floor else words.shortened(each.contenders[1], 18)
    if each.seed != 1:
        return
    panel.annotate(
        name,
        (each.curve.steps[-1], values[-1] or min(value for value in values if value)),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=6.5,
        va="center",
        color=INK,
    )
    panel.set_xlim(0, 1.2 * each.curve.steps[-1])


def _tolerance(panel: Axes, each: StepDifference) -> None:
    """Draw the tolerance where it holds: over the first steps."""
    if each.tolerance < panel.get_ylim()[1]:
        panel.hlines(each.tolerance, 0, EARLY_STEPS, color=INK, linestyle=":", linewidth=1)


def _values(curve: Curve, quantity: Quantity) -> tuple[float, ...]:
    values: tuple[float, ...] = getattr(curve, quantity.field)
    return values
