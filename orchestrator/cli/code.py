"""`bakeoff code`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import stdout
from orchestrator.cli.shared_options import SIZES
from orchestrator.errors import UsageError
from orchestrator.spec import contenders, program, recipes
from orchestrator.spec.spec import Spec
from orchestrator.text import printable
from shared.recipe import Recipe


@command
def code(
    *,
    recipe: Annotated[str, typer.Argument(help="Name or TOML file of a recipe.", show_default=False)],
    contender: Annotated[str, typer.Argument(help="A contender, by its framework: torch.", show_default=False)],
    sizes: Annotated[Spec, Only("profile", *SIZES)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.", show_default=False)] = None,
) -> None:
    """Print the plain program that trains a recipe in a framework's own idiom, without bakeoff.

    It needs the framework, NumPy and PyArrow, and is given the folder that `bakeoff data` prepares and names.

    \b
    Examples:
      bakeoff code article-tf torch
      bakeoff code article-torch tf -o program.py && python program.py ~/.cache/bakeoff/mnist --seed 2
      bakeoff code mine.toml torch --profile quick --epochs 2
    """
    text = program.render(_sized(recipe, sizes), _name(contender))
    if output is None:
        stdout().print(Text(text), soft_wrap=True, end="")
        return
    _write(output, text)
    stdout().print(Text(f"program: {printable(str(output))}"), soft_wrap=True)


def _sized(recipe: str, sizes: Spec) -> Recipe:
    """Load a recipe: whole, unless the options say otherwise."""
    return recipes.apply_sizes(
        recipes.load(recipe),
        quick=sizes.profile == "quick",
        epochs=sizes.epochs,
        train_images=sizes.train_images,
        batch_size=sizes.batch_size,
    )


def _name(written: str) -> str:
    """Return the name of a contender; its version does not matter. UsageError for what no program can tell of."""
    contender = contenders.parse(written)
    if contender.image:
        fault = f"{written} is a ready image, and how its framework is written is not known"
        raise UsageError(fault, f"name one of {', '.join(contenders.offered_contenders())}")
    if contender.modes:
        fault = f"{written} names a mode, and modes are settings of bakeoff's worker that the program does not have"
        raise UsageError(fault, f"leave it out: {contender.name}")
    return contender.name


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "name another file with --output") from error
