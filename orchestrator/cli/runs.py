"""`bakeoff data`, `report`, `ls`, `clean`, `schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from orchestrator import pipeline
from orchestrator import report as reports
from orchestrator.analyse.summary import Summary
from orchestrator.cli.command import Only, command
from orchestrator.cli.output import emit, emit_text, listing, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.data import dataset
from orchestrator.engines.choose import list_owned
from orchestrator.errors import BakeoffError, UsageError
from orchestrator.record import run_folder as store
from orchestrator.stream import contract
from orchestrator.text import printable


@command
def data(*, folders: Annotated[Folders, Only("idx")], display: Display) -> None:
    """Fetch and check MNIST where it is missing, and show what is there and where it came from.

    Example: bakeoff data --idx ~/mnist
    """
    with display.view() as view:
        ready = dataset.ensure(dataset.default_folder(), folders.idx, view.say)
    if display.as_json:
        emit_text(ready.model_dump_json(indent=2))
        return
    for label, value in dataset.describe(ready):
        stdout().print(Text(f"{label:>12}  {printable(value)}"), soft_wrap=True)


@command
def report(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    again: Annotated[
        bool, typer.Option("--again", help="Analyse the run's records again first, and write summary.json anew.")
    ] = False,
    folders: Annotated[Folders, Only("out")],
) -> None:
    """Make the report of a run again, from its folder alone.

    \b
    Examples:
      bakeoff report latest
      bakeoff report --again                     also the analysis, with this version of bakeoff
    """
    folder = store.RunFolder.find(run, folders.out)
    if again:
        with folder.lock():
            pipeline.summarise(folder, dataset.default_folder())
    for path in _written(folder):
        stdout().print(Text(printable(str(path))), soft_wrap=True)


@command
def ls(*, folders: Annotated[Folders, Only("out")], display: Annotated[Display, Only("as_json")]) -> None:
    """List runs, newest last.

    Example: bakeoff ls --json
    """
    rows = [_row(folder) for folder in store.list_runs(folders.out)]
    if display.as_json:
        emit(rows)
        return
    table = listing("run", "what", "size", "engine", "trials")
    for row in rows:
        table.add_row(*(Text(printable(value)) for value in row.values()))
    stdout().print(table if rows else Text(printable(f"no runs in {folders.out}: `bakeoff compare` makes one")))


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
        console.print(Text(printable(f"not looked at: {fault.message}")), soft_wrap=True)
    for owned in found:
        console.print(Text(f"{owned.kind:>9}  {printable(owned.name)}  {printable(owned.detail)}"), soft_wrap=True)
    if not found:
        console.print("nothing to remove")
    elif not dry_run and (yes or typer.confirm(f"remove these {len(found)}?")):
        for owned in found:
            owned.remove()
        console.print(f"removed {len(found)}")


def schema(
    name: Annotated[Literal["event", "trial", "summary"], typer.Argument(help="Which document.")],
) -> None:
    """Print a JSON Schema: of a worker's event lines, of the trial document, or of summary.json.

    Example: bakeoff schema event > event.schema.json
    """
    found = Summary.model_json_schema(mode="serialization") if name == "summary" else contract.schema(name)
    stdout().print(Text(json.dumps(found, indent=2)), soft_wrap=True)


def _written(folder: store.RunFolder) -> list[Path]:
    """Write a report from files that anybody may have edited: a summary of the right shape need not hold together."""
    try:
        return reports.write(folder.path)
    except BakeoffError:
        raise
    except Exception as error:
        fault = f"no report can be made of {folder.path / 'summary.json'}: {type(error).__name__}: {error}"
        raise UsageError(fault, "was it edited? if not, this is a fault of bakeoff's") from error


def _row(folder: store.RunFolder) -> dict[str, str]:
    try:
        summary = Summary.load(folder.path)
    except UsageError as error:
        ended = (folder.path / store.SUMMARY).exists()
        return {
            "run": folder.id,
            "what": error.message if ended else f"not ended: bakeoff resume {folder.id}",
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
