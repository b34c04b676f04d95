"""The command line: options in, exit code out. The only place that exits, and that writes to standard output."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from rich.console import Console
from rich.text import Text

from orchestrator.cli import audit as auditing
from orchestrator.cli import compare as comparing
from orchestrator.cli import doctor as diagnosing
from orchestrator.cli import explain as explaining
from orchestrator.cli import images as imaging
from orchestrator.cli import resume as resuming
from orchestrator.cli import runs as housekeeping
from orchestrator.cli.options import app
from orchestrator.engines.engine import EngineLostError
from orchestrator.errors import BakeoffError, PreflightError
from orchestrator.text import printable

__all__ = ["app", "main"]

app.command("compare")(comparing.compare)
app.command("explain")(explaining.explain)
app.command("resume")(resuming.resume)
app.command("audit")(auditing.audit)
app.command("doctor")(diagnosing.doctor)
app.command("data")(housekeeping.data)
app.command("report")(housekeeping.report)
app.command("ls")(housekeeping.ls)
app.command("clean")(housekeeping.clean)
app.command("schema")(housekeeping.schema)
app.add_typer(imaging.app, name="images")


def main() -> None:
    """Run, and turn every failure into one sentence, a way out and an exit code."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.exit(_run())


def _run() -> int:
    try:
        app()  # leaves with SystemExit where a command ended by itself
    except BakeoffError as error:
        return _told(error)
    except EngineLostError as error:
        return _told(PreflightError(f"the engine stopped answering: {error}", "check `docker version`, then repeat"))
    return 0


def _told(error: BakeoffError) -> int:
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), printable(error.message)))
    if error.remedy:
        console.print(Text.assemble(("try: ", "bold"), printable(error.remedy)))
    return error.exit_code


def _as_interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise KeyboardInterrupt
