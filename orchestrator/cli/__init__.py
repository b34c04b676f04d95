"""The command line: options in, exit code out. The only place that exits, and that writes to standard output."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from orchestrator.cli import audit, clean, compare, data, doctor, explain, images, ls, report, resume, schema
from orchestrator.cli.shared_options import check_variables
from orchestrator.engines.engine import EngineLostError
from orchestrator.errors import BakeoffError, PreflightError
from orchestrator.host.checkout import revision
from orchestrator.text import printable

__all__ = ["app", "main"]

app = typer.Typer(
    name="bakeoff",
    help="Like-for-like comparisons of deep-learning frameworks and of their versions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("compare")(compare.compare)
app.command("explain")(explain.explain)
app.command("resume")(resume.resume)
app.command("audit")(audit.audit)
app.command("doctor")(doctor.doctor)
app.command("data")(data.data)
app.command("report")(report.report)
app.command("ls")(ls.ls)
app.command("clean")(clean.clean)
app.command("schema")(schema.schema)
app.add_typer(images.app, name="images")


def show_version(wanted: bool) -> None:
    """Print the version, and the commit where bakeoff runs from a checkout."""
    if wanted:
        commit = revision()
        sys.stdout.write(f"bakeoff {version('bakeoff')}{f' ({commit})' if commit else ''}\n")
        raise typer.Exit


@app.callback()
def check(
    _: Annotated[
        bool, typer.Option("--version", help="Show version and commit, and exit.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """Check what all commands need before one of them starts."""
    check_variables(os.environ)


def main() -> None:
    """Run, and turn every failure into one sentence, a way out and an exit code."""
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(_run())


def _run() -> int:
    try:
        app()  # leaves with SystemExit where a command ended by itself
    except BakeoffError as error:
        return print_error(error)
    except EngineLostError as error:
        remedy = "see that it runs and can be reached, then repeat"
        return print_error(PreflightError(f"the engine stopped answering: {error}", remedy))
    return 0


def print_error(error: BakeoffError) -> int:
    """Print what went wrong and the way out on standard error; return the exit code."""
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), printable(error.message), ":" if error.lines else ""))
    for line in error.lines:
        console.print(Text(f"  {printable(line)}"))
    if error.remedy:
        console.print(Text.assemble(("try: ", "bold"), printable(error.remedy)))
    return error.exit_code


def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    """Take SIGTERM as Ctrl-C."""
    raise KeyboardInterrupt
