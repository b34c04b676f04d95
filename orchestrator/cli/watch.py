"""`bakeoff watch`."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated

import typer

from orchestrator.analyse.summary import Comparison, Summary
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import exit_code, show
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import Interrupted, UsageError
from orchestrator.progress.attach import Attached, is_gone
from orchestrator.progress.view import View
from orchestrator.record.run_folder import RunFolder
from orchestrator.spec.resolve import heading

POLL_SECONDS = 0.3


@command
def watch(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    folders: Annotated[Folders, Only("out")],
    display: Annotated[Display, Only("progress", "quiet", "verbose")],
) -> None:
    """Show the progress of a run that goes on in another terminal, from its folder alone, and how it ends.

    Ctrl-C ends the watching and not the run. The exit code is the run's.

    \b
    Examples:
      bakeoff watch                              the newest run
      bakeoff watch 20261124-1630 --progress plain
    """
    folder = RunFolder.find(run, folders.out)
    try:
        with display.view() as view:
            summary = _follow(folder, view)
    except KeyboardInterrupt:
        raise Interrupted(
            f"{folder.id} is no longer watched; it goes on", f"`bakeoff watch {folder.id}` shows it again"
        ) from None
    show(folder, summary, as_json=False)
    raise typer.Exit(exit_code(summary))


def _follow(folder: RunFolder, view: View) -> Summary:
    """Show a run until it has ended, and return its summary. UsageError where its process ended before it did."""
    manifest = folder.read_manifest()
    resolved, plan = manifest.plan_again()
    view.plan_made(plan, heading(resolved))
    attached = Attached(folder, plan, view)
    while (summary := _ended(folder)) is None:
        attached.update()
        if is_gone(folder.read_manifest().hosts[-1]) and _ended(folder) is None:
            remedy = f"`bakeoff resume {folder.id}` goes on with it"
            raise UsageError(f"the bakeoff that ran {folder.id} is gone", remedy)
        time.sleep(POLL_SECONDS)
    attached.update()
    return summary


def _ended(folder: RunFolder) -> Summary | None:
    """Return the summary of a run once it has one of its end."""
    ended_at = Comparison.load(folder.path).ended_at
    with contextlib.suppress(UsageError):  # not written yet
        summary = Summary.load(folder.path)
        return summary if ended_at and summary.comparison.ended_at == ended_at else None
    return None
