"""`bakeoff explain`."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator.cli.compare import HASTY, ended, show
from orchestrator.cli.options import (
    RUNS,
    TIMEOUT_SECONDS,
    Detach,
    DeviceOption,
    EngineOption,
    Epochs,
    ForeignOption,
    GpuOption,
    Idx,
    Json,
    Out,
    PrecisionOption,
    ProfileOption,
    PythonOption,
    Quiet,
    Show,
    Threads,
    Timeout,
    TrainImages,
    VariantOption,
    Verbose,
    emit,
    listing,
    stdout,
    verbosity,
)
from orchestrator.errors import Interrupted, UsageError
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.walk import Walk
from orchestrator.progress import view
from orchestrator.runtime import Runtime, detect
from orchestrator.spec.resolve import ResolvedSpec, engine_and_device, heading, relaxations_by_contender, resolve
from orchestrator.spec.spec import DEFAULT_CONTENDERS, DEFAULT_RECIPES, ExplainSpec, validated
from orchestrator.text import printable

_EXAMPLES = """
\b
Examples:
  bakeoff explain                             the article: how much of its difference is the framework
  bakeoff explain --plan                      the cells on the way, and stop
  bakeoff explain --paths 8                   more orders: shares become Shapley estimates
  bakeoff explain matched mine.toml --from torch --to torch   two recipes, one framework
"""


def explain(
    recipes: Annotated[
        list[str] | None, typer.Argument(help="Two names or TOML files; default: article-tf article-torch.")
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="Contender of the first recipe.", envvar="BAKEOFF_FROM")
    ] = DEFAULT_CONTENDERS[0],
    end: Annotated[
        str, typer.Option("--to", help="Contender of the second recipe.", envvar="BAKEOFF_TO")
    ] = DEFAULT_CONTENDERS[1],
    seeds: Annotated[int, typer.Option(help="Seeds 1 to N; intervals are over them.", envvar="BAKEOFF_SEEDS")] = 3,
    paths: Annotated[int, typer.Option(help="Orders of the settings to walk.", envvar="BAKEOFF_PATHS")] = 1,
    epochs: Epochs = None,
    train_images: TrainImages = None,
    profile: ProfileOption = "auto",
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
    variant: VariantOption = "auto",
    gpu: GpuOption = None,
    threads: Threads = None,
    precision: PrecisionOption = "float32",
    timeout: Timeout = TIMEOUT_SECONDS,
    allow_foreign_image: ForeignOption = False,
    python: PythonOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run every trial, also those that an earlier run has.")
    ] = False,
    detach: Detach = False,
    out: Out = RUNS,
    idx: Idx = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show the cells on the way and stop.")] = False,
    as_json: Json = False,
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Walk from one recipe to another, one setting at a time, and say how much of the difference each carries.

    The walk starts with the first recipe in one contender and ends with the second recipe in another; only what
    differs is walked, the framework last. Trials that an earlier run in the same folder has done are taken over, so
    an interrupted walk goes on where it was.

    Exit codes: 0 ok, 2 usage, 3 preflight, 4 a trial failed (the report is written), 130 interrupted.
    """
    if recipes and len(recipes) != 2:
        raise UsageError(f"a walk has two ends, {len(recipes)} recipe was named", "name two recipes, or none")
    given: dict[str, object] = {
        "contenders": (start, end),
        "recipes": recipes or DEFAULT_RECIPES,
        "seeds": seeds,
        "paths": paths,
        "epochs": epochs,
        "train_images": train_images,
        "profile": profile,
        "engine": engine,
        "device": device,
        "variant": variant,
        "gpu": gpu,
        "threads": threads,
        "precision": precision,
        "timeout_seconds": timeout,
        "allow_foreign_image": allow_foreign_image,
        "python": python or (),
    }
    asked = validated(ExplainSpec, given, "command line")
    around = detect(asked, out, idx)
    if plan:
        settings = resolve(asked, around.hardware)
        _show_plan(settings, make_plan(settings), around, as_json)
        return
    try:
        with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
            folder, summary = pipeline.compare(asked, around, watching, reuse=not fresh, detach=detach)
    except KeyboardInterrupt:
        raise Interrupted(*HASTY) from None
    show(folder, summary, as_json)
    raise typer.Exit(ended(folder, summary))


def _show_plan(settings: ResolvedSpec, plan: Plan, around: Runtime, as_json: bool) -> None:
    way = plan.walk
    assert way is not None  # an ExplainSpec is planned as one
    if as_json:
        told = {"heading": heading(settings), "relaxed": relaxations_by_contender(settings)}
        emit({**told, "orders": way.orders, "cells": _rows(way)})
        return
    console = stdout()
    lines = (heading(settings), engine_and_device(settings, around.engine.name), way.title)
    console.print(*map(Text, map(printable, lines)), sep="\n", soft_wrap=True)
    table = listing("contender", "step", "epochs", "batch", "training\nimages", "validation\nimages")
    for step, row in zip(_steps(way), _rows(way), strict=True):
        table.add_row(*(Text(printable(str(value))) for value in {**row, "recipe": step}.values()))
    count = len(way.row) * settings.spec.seeds
    orders = "1 order" if len(way.orders) == 1 else f"{len(way.orders)} orders"
    console.print(table, Text(f"{orders}, {len(way.row)} cells, {settings.spec.seeds} seeds: {count} trials"))


def _steps(way: Walk) -> list[str]:
    """Name the cells of the first order by what is taken there, those of other orders by all that was taken."""
    first = [way.start[1].name, *(f"+ {setting.title}" for setting in way.settings)]
    others = [recipe.name.removeprefix(f"{way.start[1].name}.") for _, recipe in way.row[len(first) :]]
    return [*first, *others]


def _rows(way: Walk) -> list[dict[str, str | int]]:
    return [
        {
            "contender": contender.written,
            "recipe": recipe.name,
            "epochs": recipe.training.epochs,
            "batch_size": recipe.training.batch_size,
            "train_images": recipe.data.train.images,
            "validation_images": recipe.data.validation.images,
        }
        for contender, recipe in way.row
    ]


explain.__doc__ = f"{inspect.cleandoc(explain.__doc__ or '')}\n{_EXAMPLES}"
