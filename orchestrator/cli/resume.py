"""`bakeoff resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator import pipeline
from orchestrator.cli.command_options import command
from orchestrator.cli.outcome import run_and_exit
from orchestrator.cli.shared_options import Detach, Folders, ReportDisplay
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import detect


@command
def resume(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    until_decided: Annotated[
        bool,
        typer.Option("--until-decided", help="Give a run of --runs N more blocks, and judge it by looks from now on."),
    ] = False,
    detach: Detach = False,
    folders: Folders,
    display: ReportDisplay,
) -> None:
    """Go on with a run whose bakeoff was killed, interrupted, or lost its engine.

    Trials that went on meanwhile are adopted and read from the last event on; those that have not run are started,
    those that were interrupted are started again; what is done or failed stays. Contenders, recipes and sizes are
    the run's own. Exit codes are those of compare.

    \b
    Examples:
      bakeoff resume                             the newest run
      bakeoff resume 20261124-1630               the run whose name begins so
      bakeoff resume latest --until-decided      more blocks, where 12 did not decide it
    """
    folder = RunFolder.find(run, folders.out)
    spec = folder.read_manifest().pinned_spec
    run_and_exit(
        lambda view: pipeline.resume(
            folder,
            detect(spec, folder.path.parent, folders.idx),
            view,
            detach=detach,
            until_decided=until_decided,
        ),
        display,
    )
