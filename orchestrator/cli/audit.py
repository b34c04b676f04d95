"""`bakeoff audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator.audit.audit import BATCH
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import TRIAL_FAILED, UsageError
from orchestrator.record.record import Record, Status
from orchestrator.runtime import detect
from orchestrator.spec import recipes
from orchestrator.spec.spec import Spec
from orchestrator.text import printable

OFFERED = (
    "contenders",
    "precision",
    "engine",
    "device",
    "variant",
    "gpu",
    "threads",
    "timeout_seconds",
    "allow_foreign_image",
    "python",
)
"""What of a comparison an audit leaves to the user: all but its sizes."""


@command
def audit(
    *,
    options: Annotated[Spec, Only(*OFFERED)],
    recipe: Annotated[str, typer.Option(help="Recipe with a shared start.", envvar="BAKEOFF_RECIPE")] = "matched",
    folders: Folders,
    display: Display,
) -> None:
    """Hold each contender against a float64 reference: logits, loss, gradients, weights after one and two steps.

    The same audit runs by itself in front of every comparison of such a recipe. Exit code 4 where a tensor disagrees.

    Example: bakeoff audit torch tf --recipe matched-8x8
    """
    if recipes.load(recipe).initial.draw != "shared":
        raise UsageError(
            f"the contenders of {recipe} do not start alike", 'audit a recipe with draw = "shared": matched'
        )
    spec = _shortest_with_audit(options, recipe)
    with display.view() as view:
        folder, _ = pipeline.compare(spec, detect(spec, folders.out, folders.idx), view)
    records = folder.read_records()
    if display.as_json:
        emit({record.id: [line.model_dump() for line in record.audit] for record in records})
    else:
        _show(records, folder.path)
    agree = all(record.status is Status.DONE and all(line.agrees for line in record.audit) for record in records)
    raise typer.Exit(0 if agree else TRIAL_FAILED)


def _shortest_with_audit(options: Spec, recipe: str) -> Spec:
    """Ask for the shortest training that holds an audit: two batches of it, one epoch."""
    return options.replace(
        recipes=(recipe,), epochs=1, train_images=8 * BATCH, batch_size=BATCH, profile="quick", parity=False
    )


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
