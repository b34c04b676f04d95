"""`bakeoff ls`."""

from __future__ import annotations

from typing import Annotated

from rich.text import Text

from orchestrator.analyse.summary import Summary
from orchestrator.cli.command import Only, command
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import UsageError
from orchestrator.record.run_folder import SUMMARY, RunFolder, list_runs
from orchestrator.text import printable


@command
def ls(*, folders: Annotated[Folders, Only("out")], display: Annotated[Display, Only("as_json")]) -> None:
    """List runs, newest last.

    Example: bakeoff ls --json
    """
    rows = [_row(folder) for folder in list_runs(folders.out)]
    if display.as_json:
        emit(rows)
        return
    table = listing("run", "what", "size", "engine", "trials")
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row.values()))
    stdout().print(table if rows else Text(printable(f"no runs in {folders.out}: `bakeoff compare` makes one")))


def _row(folder: RunFolder) -> dict[str, str]:
    try:
        summary = Summary.load(folder.path)
    except UsageError as error:
        ended = (folder.path / SUMMARY).exists()
        return {
            "run": folder.id,
            "what": error.one_line if ended else f"not ended: bakeoff resume {folder.id}",
            "size": "",
            "engine": "",
            "trials": "",
        }
    comparison, trials = summary.comparison, summary.trials
    done = sum(trial.status == "done" for trial in trials)
    return {
        "run": folder.id,
        "what": comparison.title,
        "size": comparison.profile,
        "engine": comparison.engine,
        "trials": f"{done} of {len(trials)} done",
    }
