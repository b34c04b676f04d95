"""`bakeoff explain`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator.cli import plan_listing
from orchestrator.cli.command_options import command
from orchestrator.cli.outcome import run_and_exit
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import Detach, Folders, ReportDisplay
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.walk import Walk
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.resolve import ResolvedSpec, resolve
from orchestrator.spec.spec import ExplainSpec


@command
def explain(
    *,
    spec: ExplainSpec,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run every trial, also those that an earlier run has.")
    ] = False,
    detach: Detach = False,
    folders: Folders,
    plan: Annotated[bool, typer.Option("--plan", help="Show the cells on the way and stop.")] = False,
    display: ReportDisplay,
) -> None:
    """Walk from one recipe to another, one setting at a time, and say how much of the difference each carries.

    The walk starts with the first recipe in one contender and ends with the second recipe in another; only what
    differs is walked, the framework last. Trials that an earlier run in the same folder has done are taken over, so
    an interrupted walk goes on where it was.

    Exit codes: 0 ok, 2 usage, 3 preflight, 4 a trial failed (the report is written), 130 interrupted.

    \b
    Examples:
      bakeoff explain                             the article: how much of its difference is the framework
      bakeoff explain --plan                      the cells on the way, and stop
      bakeoff explain --paths 8                   more orders: shares become Shapley estimates
      bakeoff explain matched mine.toml --from torch --to torch   two recipes, one framework
    """
    runtime = detect(spec, folders.out, folders.idx)
    if plan:
        folders.verify_idx()
        resolved = resolve(spec, runtime.hardware)
        _show_plan(resolved, make_plan(resolved, None), runtime, display.as_json)
        return
    run_and_exit(lambda view: pipeline.compare(spec, runtime, view, reuse=not fresh, detach=detach), display)


def _show_plan(resolved: ResolvedSpec, plan: Plan, runtime: Runtime, as_json: bool) -> None:
    walk = plan.walk
    assert walk is not None  # an ExplainSpec is planned as one
    if as_json:
        emit({**plan_listing.head(resolved), "orders": walk.orders, "cells": _rows(walk)})
        return
    rows = [{**row, "recipe": step} for step, row in zip(_steps(walk), _rows(walk), strict=True)]
    plan_listing.print_plan(resolved, runtime.engine, walk.title, ("contender", "step"), rows)
    count = len(walk.cells) * resolved.spec.seeds
    orders = "1 order" if len(walk.orders) == 1 else f"{len(walk.orders)} orders"
    stdout().print(Text(f"{orders}, {len(walk.cells)} cells, {resolved.spec.seeds} seeds: {count} trials"))
    plan_listing.print_lot("the cells of a seed")


def _steps(walk: Walk) -> list[str]:
    """Name the cells of the first order by what is taken there, those of other orders by all that was taken."""
    first = [walk.start[1].name, *(f"+ {setting.title}" for setting in walk.factors)]
    others = [recipe.name.removeprefix(f"{walk.start[1].name}.") for _, recipe in walk.cells[len(first) :]]
    return [*first, *others]


def _rows(walk: Walk) -> list[dict[str, str | int]]:
    return [
        {"contender": contender.written, "recipe": recipe.name, **plan_listing.sizes(recipe)}
        for contender, recipe in walk.cells
    ]
