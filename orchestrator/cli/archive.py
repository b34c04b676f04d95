"""`bakeoff archive`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import stdout
from orchestrator.cli.shared_options import Folders
from orchestrator.record.archive import pack
from orchestrator.record.run_folder import RunFolder
from orchestrator.text import printable


@command
def archive(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    to: Annotated[Path | None, typer.Option("--to", help="File to write; default: NAME.zip in this folder.")] = None,
    folders: Annotated[Folders, Only("out")],
) -> None:
    """Pack a run into one file: what was asked for, recipes, locks, image ids, data hashes, facts, raw samples.

    The name of this host and paths of this machine are left out. `bakeoff repro` runs it again, here or elsewhere.

    Example: bakeoff archive 20261124-1630 --to upgrade.zip
    """
    folder = RunFolder.find(run, folders.out)
    path = to or Path(f"{folder.id}.zip")
    index = pack(folder, path)
    size = f"{path.stat().st_size / 1e6:,.1f} MB, {len(index.files)} files"
    stdout().print(Text(printable(f"{path}: {size}; `bakeoff repro {path}` runs it again")), soft_wrap=True)
