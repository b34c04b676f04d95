"""`bakeoff clean`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from orchestrator.cli.output import stdout
from orchestrator.data import dataset
from orchestrator.engines.choose import list_owned
from orchestrator.text import printable


def clean(
    images: Annotated[bool, typer.Option("--images", help="Remove bakeoff's images too.")] = False,
    data: Annotated[bool, typer.Option("--data", help="Remove the data volume too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove what bakeoff left: on the engine by its label and nothing else, and workers of the process engine.

    Run folders stay. A trial that still runs is ended with it; `bakeoff resume` would take it up.

    Example: bakeoff clean --images --dry-run
    """
    console = stdout()
    found, fault = list_owned(dataset.default_folder().parent, images=images, data=data)
    if fault:
        console.print(Text(printable(f"not looked at: {fault.one_line}")), soft_wrap=True)
    for owned in found:
        console.print(Text(f"{owned.kind:>9}  {printable(owned.name)}  {printable(owned.detail)}"), soft_wrap=True)
    if not found:
        console.print("nothing to remove")
    elif not dry_run and (yes or typer.confirm(f"remove these {len(found)}?")):
        for owned in found:
            owned.remove()
        console.print(f"removed {len(found)}")
