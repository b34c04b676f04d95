"""`bakeoff data`."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text

from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit_text, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.data import dataset
from orchestrator.text import printable


@command
def data(*, folders: Annotated[Folders, Only("idx")], display: Display) -> None:
    """Fetch and check MNIST where it is missing, and show what is there and where it came from.

    Example: bakeoff data --idx ~/mnist
    """
    with display.view() as view:
        ready = dataset.ensure(dataset.default_folder(), folders.idx, view.say)
    if display.as_json:
        emit_text(ready.model_dump_json(indent=2))
        return
    for label, value in dataset.describe(ready):
        stdout().print(Text(f"{label:>12}  {printable(value)}"), soft_wrap=True)
