"""`bakeoff resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator import pipeline
from orchestrator.cli.compare import HASTY, ended, show
from orchestrator.cli.options import RUNS, Detach, Idx, Json, Out, Quiet, Show, Verbose, verbosity
from orchestrator.errors import Interrupted
from orchestrator.progress import view
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import detect


def resume(
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    detach: Detach = False,
    out: Out = RUNS,
    idx: Idx = None,
    as_json: Json = False,
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Go on with a run whose bakeoff was killed, interrupted, or lost its engine.

    Trials that went on meanwhile are adopted and read from the last event on; those that have not run are started,
    those that were interrupted are started again; what is done or failed stays. Contenders, recipes and sizes are
    the run's own. Exit codes are those of compare.

    \b
    Examples:
      bakeoff resume                             the newest run
      bakeoff resume 20261124-1630               the run whose name begins so
    """
    folder = RunFolder.find(run, out)
    asked = folder.read_manifest().pinned
    try:
        with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
            folder, summary = pipeline.resume(folder, detect(asked, folder.path.parent, idx), watching, detach=detach)
    except KeyboardInterrupt:
        raise Interrupted(*HASTY) from None
    show(folder, summary, as_json)
    raise typer.Exit(ended(folder, summary))
