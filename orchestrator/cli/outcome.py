"""What `compare`, `explain`, `gate` and `resume` share: run, show what came of it, leave with its exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.style import Style
from rich.text import Text

from orchestrator.analyse.gate_verdict import GateVerdict
from orchestrator.analyse.summary import Summary
from orchestrator.cli.output import emit_text, stdout
from orchestrator.cli.shared_options import Display, ReportDisplay
from orchestrator.errors import GATE_FAILED, GATE_UNDECIDED, TRIAL_FAILED, Interrupted, PreflightError
from orchestrator.progress.view import View
from orchestrator.record.record import Status
from orchestrator.record.run_folder import PAGE, SUMMARY, RunFolder
from orchestrator.report.console import conclusion
from orchestrator.run.all_trials import RESUMABLE

INTERRUPTED_HINT = (
    "interrupted",
    "`bakeoff resume` goes on where it was; `bakeoff clean` removes what a hasty end left running",
)


Export = Callable[[Summary], None]


Run = Callable[[View], tuple[RunFolder, Summary]]


def run_and_exit(run: Run, display: ReportDisplay, export: Export | None = None) -> NoReturn:
    """Run with a view of progress, show the result, and export it. Raises typer.Exit.

    Raises Interrupted where nothing could be reported. Where the run can be resumed, standard error says so.
    """
    folder, summary = run_in_view(run, display)
    show(folder, summary, display.as_json)
    if display.open_report:
        open_in_browser(folder)
    if export:
        export(summary)
    say_what_is_left(summary, f"bakeoff resume {folder.id}")
    raise typer.Exit(exit_code(summary))


def run_in_view(run: Run, display: Display) -> tuple[RunFolder, Summary]:
    """Run with a view of progress. Raises Interrupted where nothing could be reported."""
    try:
        with display.view() as view:
            return run(view)
    except KeyboardInterrupt:
        raise Interrupted(*INTERRUPTED_HINT) from None


def say_what_is_left(summary: Summary, way_on: str) -> None:
    """Say on standard error how to go on with a run of which something can be resumed."""
    if any(trial.status in RESUMABLE for trial in summary.trials):
        line = f"not all has run; to go on: {way_on}"
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(line)


def exit_code(summary: Summary) -> int:
    if summary.comparison.interrupted:
        return Interrupted.exit_code
    statuses = {trial.status for trial in summary.trials}
    if Status.UNKNOWN in statuses:
        return PreflightError.exit_code
    if not statuses <= {Status.DONE}:
        return TRIAL_FAILED
    return gate_code(summary.gate) if summary.gate else 0


def gate_code(gate: GateVerdict) -> int:
    verdict = "fail" if gate.strict and gate.verdict == "undecided" else gate.verdict
    return {"pass": 0, "fail": GATE_FAILED, "undecided": GATE_UNDECIDED}[verdict]


def show(folder: RunFolder, summary: Summary, as_json: bool) -> None:
    """Print the summary as it stands on disk, or what a person wants to know of it."""
    if as_json:
        emit_text((folder.path / SUMMARY).read_text(encoding="utf-8"))
        return
    console = stdout()
    console.print(conclusion(summary, console.width))
    print_address(folder)


def print_address(folder: RunFolder) -> None:
    """Print where the report lies, as a link where the terminal knows links. Nothing is printed after it."""
    address = report_address(folder)
    stdout().print(Text.assemble("report: ", (address, Style(link=address))), soft_wrap=True)


def report_address(folder: RunFolder) -> str:
    """Return the address of a run's page, in which no letter steers a terminal."""
    return (folder.path / PAGE).resolve().as_uri()


def open_in_browser(folder: RunFolder) -> None:
    """Open the report in the user's browser, and say so on standard error where there is none."""
    import webbrowser

    if not webbrowser.open(report_address(folder)):
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print("no browser could be opened")


def shortest_path(path: Path) -> Path:
    """Return a path relative to the working directory where it is below it, else absolute."""
    here = Path.cwd()
    return path.absolute().relative_to(here) if path.absolute().is_relative_to(here) else path
