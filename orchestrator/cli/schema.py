"""`bakeoff schema`."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer
from rich.text import Text

from orchestrator.analyse.summary import Summary
from orchestrator.cli.output import stdout
from orchestrator.stream import contract


def schema(
    name: Annotated[Literal["event", "trial", "summary"], typer.Argument(help="Which document.")],
) -> None:
    """Print a JSON Schema: of a worker's event lines, of the trial document, or of summary.json.

    Example: bakeoff schema event > event.schema.json
    """
    document = Summary.model_json_schema(mode="serialization") if name == "summary" else contract.schema(name)
    stdout().print(Text(json.dumps(document, indent=2)), soft_wrap=True)
