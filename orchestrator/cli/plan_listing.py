"""What `compare --plan` and `explain --plan` show alike: the heading, and a table of what would run at which size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.text import Text

from orchestrator.cli.output import listing, stdout
from orchestrator.engines.engine import Engine
from orchestrator.spec.contenders import Contender
from orchestrator.spec.resolve import ResolvedSpec, engine_and_device, heading, relaxations_by_contender
from orchestrator.text import printable
from shared.recipe import Recipe

Row = Mapping[str, str | int]


def head(resolved: ResolvedSpec) -> dict[str, object]:
    """Return the members that the JSON of every plan begins with."""
    return {
        "heading": heading(resolved),
        "relaxed": relaxations_by_contender(resolved),
        "order": "within a block drawn by lot for each run",
    }


def sizes(recipe: Recipe) -> dict[str, int]:
    """Return a row's last cells: how much is trained."""
    return {
        "epochs": recipe.training.epochs,
        "batch_size": recipe.training.batch_size,
        "train_images": recipe.data.train.images,
        "validation_images": recipe.data.validation.images,
    }


def print_plan(
    resolved: ResolvedSpec, engine: Engine, title: str, columns: tuple[str, str], rows: Iterable[Row]
) -> None:
    """Print the heading, a title where there is one, and the table; `columns` are those in front of the sizes."""
    lines = (heading(resolved), engine_and_device(resolved, engine.name, restricts=engine.restricts), title)
    console = stdout()
    console.print(*(Text(printable(line)) for line in lines if line), sep="\n", soft_wrap=True)
    table = listing(*columns, "epochs", "batch", "training\nimages", "validation\nimages")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row.values()))
    console.print(table)


def builds(resolved: ResolvedSpec, missing: Mapping[str, int]) -> list[str]:
    """Say of each contender whether its image or environment is there, and what building it takes."""
    return [_build(contender, missing.get(contender.written)) for contender in resolved.contenders]


def _build(contender: Contender, size_bytes: int | None) -> str:
    if contender.image:
        return f"{contender.written} is a ready image: pulled where the engine does not have it"
    if size_bytes is None:
        return f"{contender.written} is built"
    return f"{contender.written} is not built yet: {size_bytes / 1e9:.1f} GB of disk, and at most as much to download"


def print_lot(what: str) -> None:
    """Say that the listing's order is not the order of running."""
    stdout().print(Text(f"{what} run in an order that is drawn by lot for each run"), soft_wrap=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print what is expected of a run, a sentence a line."""
    for line in lines:
        stdout().print(Text(printable(line)), soft_wrap=True)
