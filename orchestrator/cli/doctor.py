"""`bakeoff doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from orchestrator import doctor as checks
from orchestrator.cli.command_options import Only, command
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.doctor import Check, State
from orchestrator.errors import PreflightError
from orchestrator.spec.spec import Spec
from orchestrator.text import printable

_STYLES = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "yellow"),
    State.FAILED: ("✗", "bold red"),
    State.SKIPPED: ("○", "dim"),
}
_TITLE_WIDTH = 20


@command
def doctor(
    *,
    spec: Annotated[Spec, Only("contenders", "engine", "device", "variant", "gpu", "python")],
    probe: Annotated[
        bool, typer.Option("--probe", help="Probe frameworks again, also where the answer is known.")
    ] = False,
    folders: Folders,
    display: Display,
) -> None:
    """Look at all that a comparison needs, and say how to mend what is not well. Nothing is built or downloaded.

    Engine, clock, base image, limits as they hold inside a container, disk, GPU, each framework in its image, data.
    `compare` looks at the part that it needs by itself. Exit codes: 0 nothing failed, 2 usage, 3 a check failed.

    \b
    Examples:
      bakeoff doctor                             for the default comparison
      bakeoff doctor torch==2.14.1 --device cuda for a version on this machine's GPU
      bakeoff doctor --json                      for a program
    """
    with display.view() as view:
        results = checks.examine(spec, folders.out, folders.idx, view.say, again=probe)
    if display.as_json:
        emit(_document(results))
    else:
        _show(results, quiet=display.quiet)
    if checks.failure(results):
        raise typer.Exit(PreflightError.exit_code)


def _document(results: Sequence[Check]) -> dict[str, object]:
    return {
        "schema": "bakeoff/doctor/1",
        "ok": checks.failure(results) is None,
        "checks": [check.model_dump(mode="json") for check in results],
    }


def _show(results: Sequence[Check], quiet: bool) -> None:
    console = stdout()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(max_width=_TITLE_WIDTH, overflow="fold")
    table.add_column(overflow="fold")
    for check in results:
        if not quiet or check.state in (State.WARNING, State.FAILED):
            table.add_row(*_row(check))
    console.print(table)
    count = {state: sum(check.state is state for check in results) for state in State}
    summary = f"{count[State.FAILED]} failed, {count[State.WARNING]} to know about, {count[State.OK]} well"
    console.print(Text(f"{summary}, {count[State.SKIPPED]} skipped"))


def _row(check: Check) -> tuple[Text, Text, Text]:
    glyph, style = _STYLES[check.state]
    finding = Text.assemble(printable(check.found), (f"\nwhy: {printable(check.why)}", "dim"))
    if check.fix:
        finding.append(f"\nfix: {printable(check.fix)}", "bold" if check.state is State.FAILED else "")
    return Text(f"{glyph} {check.state.value}", style), Text(printable(check.title), "bold"), finding
