"""`bakeoff report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from orchestrator import pipeline
from orchestrator import report as reports
from orchestrator.analyse.summary import Summary
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.outcome import open_in_browser, print_address
from orchestrator.cli.output import stdout
from orchestrator.cli.shared_options import Folders, Open
from orchestrator.data import dataset
from orchestrator.errors import BakeoffError, PreflightError, UsageError
from orchestrator.record.run_folder import RunFolder
from orchestrator.report.console import answer
from orchestrator.text import printable


@command
def report(
    *,
    run: Annotated[str, typer.Argument(help="Run folder, its name, or a beginning of it.")] = "latest",
    again: Annotated[
        bool, typer.Option("--again", help="Analyse the run's records again first, and write summary.json anew.")
    ] = False,
    open_report: Open = False,
    folders: Annotated[Folders, Only("out")],
) -> None:
    """Make the report of a run again, from its folder alone.

    \b
    Examples:
      bakeoff report latest
      bakeoff report latest --open               in the browser too
      bakeoff report --again                     also the analysis, with this version of bakeoff
    """
    folder = RunFolder.find(run, folders.out)
    if again:
        with folder.lock():
            pipeline.summarise(folder, dataset.default_folder())
    for path in _write_report(folder):
        stdout().print(Text(printable(str(path))), soft_wrap=True)
    stdout().print(Group(*answer(Summary.load(folder.path))), soft_wrap=True)
    print_address(folder)
    if open_report:
        open_in_browser(folder)


def _write_report(folder: RunFolder) -> list[Path]:
    """Write a report from files that anybody may have edited: a summary of the right shape need not hold together."""
    try:
        return reports.write(folder.path)
    except PreflightError as error:
        if isinstance(error.__cause__, OSError | ImportError):
            raise
        raise _of_no_use(folder, error.__cause__ or error, error.remedy) from error
    except BakeoffError:
        raise
    except Exception as error:
        raise _of_no_use(folder, error, "this is a fault of bakeoff's") from error


def _of_no_use(folder: RunFolder, error: BaseException, remedy: str) -> UsageError:
    fault = f"no report can be made of {folder.path / 'summary.json'}: {type(error).__name__}: {error}"
    return UsageError(fault, f"was it edited? if not, {remedy}")
