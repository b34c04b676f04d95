"""`bakeoff history`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from orchestrator import report
from orchestrator.analyse.contender_names import is_one_of
from orchestrator.analyse.finished_run import FinishedRun, load_finished
from orchestrator.analyse.quantities import QuantityName
from orchestrator.analyse.run_history import History, run_history
from orchestrator.analyse.run_overview import RunFilter, begun_since
from orchestrator.analyse.summary import Cell
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import shortest_path
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import UsageError
from orchestrator.record.run_folder import list_runs
from orchestrator.report import run_history as listing
from orchestrator.spec.since import moment
from orchestrator.text import printable


@command
def history(
    *,
    metric: Annotated[QuantityName, typer.Option("--metric", help="What to follow.")] = "throughput",
    chosen: Annotated[RunFilter, Only("contender", "recipe", "since")],
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Where to draw; default: history-METRIC.png beside the runs.")
    ] = None,
    folders: Annotated[Folders, Only("out")],
    display: Annotated[Display, Only("as_json")],
) -> None:
    """Follow one number across the runs of this machine, in a table and a figure, with a mark where the stack changed.

    This machine is that of the newest run. Runs of different hours are not paired, so nothing is claimed of a step.

    \b
    Examples:
      bakeoff history --contender torch --recipe article-torch
      bakeoff history --metric peak_memory_bytes --since 30d --figure memory.png
    """
    found = run_history(_finished(folders, chosen), metric, lambda cell: _is_shown(cell, chosen))
    if display.as_json:
        emit(found.model_dump(mode="json"))
        return
    if not found.series:
        stdout().print(Text(printable(f"no finished run in {folders.out} has such a number: `bakeoff ls` lists runs")))
        return
    stdout().print(listing.history(found))
    for path in _draw(found, figure or folders.out / f"history-{metric.replace('_', '-')}.png"):
        stdout().print(Text(printable(f"figure: {shortest_path(path)}")), soft_wrap=True)


def _finished(folders: Folders, chosen: RunFilter) -> list[FinishedRun]:
    """Read the runs that ended, and say how many cannot be read."""
    since = moment(chosen.since, datetime.now(UTC)) if chosen.since else None
    runs, unread = [], 0
    for folder in list_runs(folders.out):
        try:
            runs.append(load_finished(folder))
        except UsageError:
            unread += 1
    if unread:
        runs_left = f"{unread} run{'s' * (unread != 1)}"
        line = f"{runs_left} left out: not ended, damaged or of another format; `bakeoff ls` names them"
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(line)
    return [run for run in runs if since is None or begun_since(run.summary.comparison.started_at, since)]


def _is_shown(cell: Cell, chosen: RunFilter) -> bool:
    named = chosen.contender is None or is_one_of(chosen.contender, [cell.contender])
    return named and (chosen.recipe is None or chosen.recipe == cell.recipe)


def _draw(found: History, figure: Path) -> list[Path]:
    return report.draw_history(found, figure.with_suffix("") if figure.suffix in (".png", ".svg") else figure)
