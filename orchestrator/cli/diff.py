"""`bakeoff diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.analyse.finished_run import load_finished
from orchestrator.analyse.run_difference import Allowed, run_difference
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.record.run_folder import RunFolder
from orchestrator.report.run_difference import difference


@command
def diff(
    *,
    before: Annotated[str, typer.Argument(help="The earlier run: its folder, its name, or a beginning of it.")],
    after: Annotated[str, typer.Argument(help="The later run.")] = "latest",
    allow_different_machine: Annotated[
        bool, typer.Option("--allow-different-machine", help="Give ratios of speeds of two machines, labelled.")
    ] = False,
    allow_different_recipe: Annotated[
        bool, typer.Option("--allow-different-recipe", help="Give ratios of numbers of two recipes, labelled.")
    ] = False,
    allow_different_size: Annotated[
        bool, typer.Option("--allow-different-size", help="Give ratios of numbers of two sizes, labelled.")
    ] = False,
    folders: Annotated[Folders, Only("out")],
    display: Annotated[Display, Only("as_json")],
) -> None:
    """Say what changed from one run to another: what was asked for, facts, numbers.

    Two runs are not paired, so no difference of their speeds is claimed. A contender's ratio to the reference was
    measured within each run: whether that changed is judged, with an interval, from 6 blocks in each run on.

    \b
    Examples:
      bakeoff diff 20261124-1630                 what is new in the newest run
      bakeoff diff 20261124-1630 20261126-0900 --allow-different-size
    """
    runs = [load_finished(RunFolder.find(run, folders.out)) for run in (before, after)]
    allowed = Allowed(allow_different_machine, allow_different_recipe, allow_different_size)
    found = run_difference(runs[0], runs[1], allowed)
    if display.as_json:
        emit(found.model_dump(mode="json"))
        return
    stdout().print(difference(found))
