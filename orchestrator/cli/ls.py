"""`bakeoff ls`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from rich.text import Text

from orchestrator.analyse.run_contents import read_contents
from orchestrator.analyse.run_overview import RunFilter, RunLine, run_line
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit, listing, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import OtherFormatError
from orchestrator.record.run_folder import RunFolder, list_runs
from orchestrator.report.console import WIDE
from orchestrator.spec.since import moment
from orchestrator.text import printable


@command
def ls(
    *,
    chosen: RunFilter,
    folders: Annotated[Folders, Only("out")],
    display: Annotated[Display, Only("as_json")],
) -> None:
    """List runs, newest last: what they compared, how they ended, what they say of speed.

    Several options let a run through where all of them do.

    \b
    Examples:
      bakeoff ls --since 7d --recipe matched
      bakeoff ls --contender torch==2.14.1 --verdict slower
      bakeoff ls --state not-ended --json
    """
    since = moment(chosen.since, datetime.now(UTC)) if chosen.since else None
    every = [_line(folder) for folder in list_runs(folders.out)]
    lines = [line for line in every if chosen.lets_through(line, since)]
    if display.as_json:
        emit([line.model_dump(mode="json") for line in lines])
        return
    console = stdout()
    wide = console.width >= WIDE
    table = listing("run", "what", *(["how"] if wide else []), "done", "verdict")
    for line in lines:
        table.add_row(*(Text(printable(value)) for value in _row(line, wide)))
    none = f"none of the {len(every)} runs in {folders.out} is let through" if every else _no_runs(folders)
    console.print(table if lines else Text(printable(none)))


def _line(folder: RunFolder) -> RunLine:
    """Read a run for the listing; one of another format is listed by the reason why it cannot be read."""
    try:
        return run_line(read_contents(folder, records=False))
    except OtherFormatError as error:
        nothing = {"started_at": "", "size": "", "engine": "", "trials_done": 0, "trials_planned": 0}
        empty: dict[str, tuple[str, ...]] = {"contenders": (), "recipes": (), "verdicts": ()}
        return RunLine.model_validate(
            {"run": folder.id, "what": error.one_line, "state": "unreadable", **nothing, **empty}
        )


def _row(line: RunLine, wide: bool) -> tuple[str, ...]:
    way = {
        "not-ended": f"not ended: bakeoff resume {line.run}",
        "unreadable": f"damaged: bakeoff show {line.run}" if line.started_at else "",
    }
    how = ", ".join(filter(None, (line.size, line.engine)))
    done = f"{line.trials_done} of {line.trials_planned}" if line.started_at else ""
    verdicts = ", ".join(dict.fromkeys(each.verdict.replace("-", " ") for each in line.verdicts))
    return line.run, way.get(line.state) or line.what, *([how] if wide else []), done, verdicts


def _no_runs(folders: Folders) -> str:
    return f"no runs in {folders.out}: `bakeoff compare` makes one"
