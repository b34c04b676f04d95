"""`bakeoff audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator.audit.audit import BATCH
from orchestrator.cli.options import (
    RUNS,
    EngineOption,
    Idx,
    Json,
    Out,
    PrecisionOption,
    Quiet,
    Show,
    Verbose,
    emit,
    listing,
    stdout,
    verbosity,
)
from orchestrator.errors import TRIAL_FAILED, UsageError
from orchestrator.progress import view
from orchestrator.record.record import Record, Status
from orchestrator.runtime import detect
from orchestrator.spec import recipes
from orchestrator.spec.spec import DEFAULT_CONTENDERS, EngineName, Spec, spec_from
from orchestrator.text import printable
from shared.trial import Precision


def audit(
    contenders: Annotated[list[str] | None, typer.Argument(help="torch, tf==2.20.0; default: tf torch.")] = None,
    recipe: Annotated[str, typer.Option(help="Recipe with a shared start.", envvar="BAKEOFF_RECIPE")] = "matched",
    precision: PrecisionOption = "float32",
    engine: EngineOption = "auto",
    out: Out = RUNS,
    idx: Idx = None,
    as_json: Json = False,
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Hold each contender against a float64 reference: logits, loss, gradients, weights after one and two steps.

    The same audit runs by itself in front of every comparison of such a recipe. Exit code 4 where a tensor disagrees.

    Example: bakeoff audit torch tf --recipe matched-8x8
    """
    if recipes.load(recipe).initial.draw != "shared":
        raise UsageError(
            f"the contenders of {recipe} do not start alike", 'audit a recipe with draw = "shared": matched'
        )
    asked = _asked(contenders, recipe, engine, precision)
    with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
        folder, _ = pipeline.compare(asked, detect(asked, out, idx), watching)
    records = folder.read_records()
    if as_json:
        emit({record.id: [line.model_dump() for line in record.audit] for record in records})
    else:
        _show(records, folder.path)
    green = all(record.status is Status.DONE and all(line.agrees for line in record.audit) for record in records)
    raise typer.Exit(0 if green else TRIAL_FAILED)


def _asked(contenders: list[str] | None, recipe: str, engine: EngineName, precision: Precision) -> Spec:
    """Ask for the shortest training that holds an audit: two batches of it, one epoch."""
    given = {"contenders": contenders or DEFAULT_CONTENDERS, "recipes": (recipe,), "engine": engine}
    shortest = {"profile": "quick", "epochs": 1, "train_images": 8 * BATCH, "batch_size": BATCH, "parity": False}
    return spec_from({**given, **shortest, "precision": precision}, "audit")


def _show(records: list[Record], folder: Path) -> None:
    console = stdout()
    for record in records:
        table = listing("tensor", "", "largest absolute error", "error relative to norm", "at most")
        for line in record.audit:
            state = Text("✓ agrees", "green") if line.agrees else Text("✗ differs", "bold red")
            table.add_row(
                Text(printable(line.tensor)),
                state,
                _number(line.largest_absolute_error),
                _number(line.norm_relative_error),
                f"{line.tolerance:.0e}",
            )
        held = f"{record.precision} beside the reference's float64"
        console.print(Text(printable(f"{record.id}: {record.reason or held}")), table)
    console.print(Text(printable(f"every number: {folder / 'trials'}")), soft_wrap=True)


def _number(value: float | None) -> str:
    return "missing or not finite" if value is None else f"{value:.1e}"
