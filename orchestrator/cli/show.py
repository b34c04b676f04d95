"""`bakeoff show`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.analyse.analyse import summarise_trial
from orchestrator.analyse.run_contents import RunContents, read_contents
from orchestrator.analyse.run_overview import cell_overviews, run_line
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import print_address
from orchestrator.cli.output import emit_text, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import UsageError
from orchestrator.record.run_folder import PAGE, SUMMARY, RunFolder
from orchestrator.report.run_screen import screen


@command
def show(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    folders: Annotated[Folders, Only("out")],
    display: Annotated[Display, Only("as_json")],
) -> None:
    """Show a run in one screen: its verdicts first, then its numbers and cautions.

    Of a damaged run folder it shows what can be read and names what cannot; the exit code is then 2.

    \b
    Examples:
      bakeoff show                               the newest run
      bakeoff show 20261124-1630 --json          its summary.json
    """
    folder = RunFolder.find(run, folders.out)
    contents = read_contents(folder)
    if display.as_json and contents.summary:
        emit_text((folder.path / SUMMARY).read_text(encoding="utf-8"))
    elif not display.as_json:
        _print(contents)
    if contents.damaged:
        names = ", ".join(part.name for part in contents.damaged[:3])
        more = f" and {len(contents.damaged) - 3} more" if len(contents.damaged) > 3 else ""
        raise UsageError(f"{folder.id} is damaged: {names}{more} cannot be read", contents.remedy)
    if display.as_json and contents.summary is None:
        raise UsageError(f"{folder.id} has not ended", f"`bakeoff resume {folder.id}` ends it")


def _print(contents: RunContents) -> None:
    compared = contents.summary.comparison if contents.summary else contents.comparison
    trials = contents.summary.trials if contents.summary else tuple(map(summarise_trial, contents.records))
    console = stdout()
    cells = cell_overviews(compared.cells if compared else (), trials)
    console.print(screen(contents, run_line(contents), cells, console.width))
    if (contents.folder.path / PAGE).is_file():
        print_address(contents.folder)
