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
    pairs = summary.step_differences
    recipes = list(dict.fromkeys(pair.recipe for pair in pairs))
    shown = [quantity for quantity in QUANTITIES if any(_values(pair.curve, quantity) for pair in pairs)]
    size = (max(6.5, PANEL_INCHES[0] * len(recipes)), PANEL_INCHES[1] * len(shown) + 0.7)
    figure = Figure(figsize=size)
    panels = figure.subplots(len(shown), len(recipes), squeeze=False, sharex="col")
    for column, recipe in enumerate(recipes):
        of_recipe = [pair for pair in pairs if pair.recipe == recipe]
        for row, quantity in enumerate(shown):
            _panel(panels[row, column], of_recipe, quantity, summary)
        panels[0, column].set_title(_heading(of_recipe, summary.comparison.reference), loc="left", color=INK)
        panels[-1, column].set_xlabel("step, over all epochs")
    return figure


def _heading(pairs: Sequence[StepDifference], reference: str) -> str:
    seeds = len({pair.seed for pair in pairs})
    several = f" · {seeds} seeds" if seeds > 1 else ""
    beside = words.shortened(reference, 30)
    return f"{words.shortened(pairs[0].recipe, 30)} · {pairs[0].precision}{several} · beside {beside}"


def _panel(panel: Axes, pairs: Sequence[StepDifference], quantity: Quantity, summary: Summary) -> None:
    curves = [(pair, _values(pair.curve, quantity)) for pair in pairs]
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
    for pair, values in curves:
        if any(values):
            _line(panel, pair, values, summary)
    if quantity.field == "loss":
        _tolerance(panel, pairs[0])
    zero = dict.fromkeys(pair.contenders[0] for pair, values in curves if pair.kind == "floor" and not any(values))
    if zero:
        text = f"{' and '.join(words.shortened(name, 20) for name in zero)} twice: 0 at every step"
        panel.text(0.01, 0.04, text, transform=panel.transAxes, fontsize=6.5, color=INK, style="italic")


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
