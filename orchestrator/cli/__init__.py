"""The command line: options in, exit code out. The only place that exits, and that writes to standard output."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from orchestrator.cli import (
    archive,
    audit,
    bisect,
    calibrate,
    clean,
    code,
    compare,
    data,
    diff,
    doctor,
    explain,
    gate,
    history,
    images,
    init,
    ls,
    report,
    repro,
    resume,
    schema,
    show,
    unexpected,
    watch,
)
from orchestrator.cli.shared_options import check_spelling, check_variables
from orchestrator.engines.engine import EngineLostError
from orchestrator.errors import BakeoffError, engine_lost
from orchestrator.host.checkout import revision
from orchestrator.text import printable

__all__ = ["app", "main"]

TRAINING = ("compare", "explain", "gate", "calibrate", "audit")
"""Commands that train, of which `compare` has every option."""

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
app.command("init")(init.init)
app.command("gate")(gate.gate)
app.command("bisect")(bisect.bisect)
app.command("calibrate")(calibrate.calibrate)
app.command("resume")(resume.resume)
app.command("watch")(watch.watch)
app.command("audit")(audit.audit)
app.command("doctor")(doctor.doctor)
app.command("data")(data.data)
app.command("report")(report.report)
app.command("ls")(ls.ls)
app.command("show")(show.show)
app.command("diff")(diff.diff)
app.command("history")(history.history)
app.command("archive")(archive.archive)
app.command("repro")(repro.repro)
app.command("clean")(clean.clean)
app.command("code")(code.code)
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
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", help="Show version and commit, and exit.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """Check what all commands need before one of them starts."""
    check_variables(os.environ)
    known = {name: _variables(command) for name, command in context.command.commands.items()}  # type: ignore[attr-defined]
    check_spelling(os.environ, set().union(*known.values()))
    if context.invoked_subcommand in TRAINING:
        _name_unused(known["compare"] - known[context.invoked_subcommand], context.invoked_subcommand)


def _variables(command: Any) -> set[str]:
    """Return the variables of a command's options, and of the commands below it."""
    own = {parameter.envvar for parameter in command.params if parameter.envvar}
    return own.union(*map(_variables, getattr(command, "commands", {}).values()))


def _name_unused(variables: set[str], command: str) -> None:
    """Say which variables are set that only `compare` has an option for."""
    for name in sorted(variables & {name for name, value in os.environ.items() if value}):
        line = f"{name} is set and not used: bakeoff {command} has no such option"
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(line)


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
        return print_error(engine_lost(error))
    except Exception as error:  # the last net: nobody reads a traceback
        return print_error(unexpected.told(error))
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
