"""`bakeoff init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator.cli.command_options import command
from orchestrator.cli.output import stdout
from orchestrator.errors import UsageError
from orchestrator.spec import comparison_file
from orchestrator.spec.contenders import parse
from orchestrator.spec.spec import Spec
from orchestrator.text import printable


@command
def init(
    *,
    spec: Spec,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("comparison.toml"),
) -> None:
    """Write a comparison file to keep, with every key explained. What is given here stands in it.

    \b
    Examples:
      bakeoff init                                     the article's comparison, as comparison.toml
      bakeoff init torch==2.13.0 torch==2.14.1 --recipe matched --until-decided -o upgrade.toml
      bakeoff compare upgrade.toml --plan              what it would run, build and take
    """
    for written in spec.contenders:
        parse(written)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(comparison_file.write(spec))
    except FileExistsError:
        raise UsageError(
            f"{output} is already there",
            "name another file with --output, or remove it",
        ) from None
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror}",
            "name another file with --output",
        ) from error
    stdout().print(Text(printable(f"{output}: bakeoff compare {output}")), soft_wrap=True)
