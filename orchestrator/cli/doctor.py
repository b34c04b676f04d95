"""`bakeoff doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from orchestrator import doctor as checks
from orchestrator.cli.options import (
    RUNS,
    DeviceOption,
    EngineOption,
    GpuOption,
    Idx,
    Json,
    Out,
    Quiet,
    Show,
    Verbose,
    emit,
    stdout,
    verbosity,
)
from orchestrator.doctor import Check, State
from orchestrator.errors import PreflightError
from orchestrator.progress import view
from orchestrator.spec.spec import DEFAULT_CONTENDERS, spec_from
from orchestrator.text import printable

_LOOKS = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "yellow"),
    State.FAILED: ("✗", "bold red"),
    State.SKIPPED: ("○", "dim"),
}
_TITLE_WIDTH = 20


def doctor(
    contenders: Annotated[
        list[str] | None, typer.Argument(help="torch, tf==2.20.0, mine@registry/image:tag; default: tf torch.")
    ] = None,
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
    gpu: GpuOption = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Probe frameworks again, also where the answer is known.")
    ] = False,
    out: Out = RUNS,
    idx: Idx = None,
    as_json: Json = False,
    progress: Show = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
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
    given = {"contenders": contenders or DEFAULT_CONTENDERS, "engine": engine, "device": device, "gpu": gpu}
    asked = spec_from(given, "command line")
    with view(progress, verbosity=verbosity(quiet, verbose)) as watching:
        found = checks.examine(asked, out, idx, watching.say, again=probe)
    if as_json:
        emit(_document(found))
    else:
        _show(found, hushed=quiet)
    if checks.failure(found):
        raise typer.Exit(PreflightError.exit_code)


def _document(found: Sequence[Check]) -> dict[str, object]:
    return {
        "schema": "bakeoff/doctor/1",
        "ok": checks.failure(found) is None,
        "checks": [check.model_dump(mode="json") for check in found],
    }


def _show(found: Sequence[Check], hushed: bool) -> None:
    console = stdout()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(max_width=_TITLE_WIDTH, overflow="fold")
    table.add_column(overflow="fold")
    for check in found:
        if not hushed or check.state in (State.WARNING, State.FAILED):
            table.add_row(*_row(check))
    console.print(table)
    count = {state: sum(check.state is state for check in found) for state in State}
    summary = f"{count[State.FAILED]} failed, {count[State.WARNING]} to know about, {count[State.OK]} well"
    console.print(Text(f"{summary}, {count[State.SKIPPED]} skipped"))


def _row(check: Check) -> tuple[Text, Text, Text]:
    glyph, style = _LOOKS[check.state]
    told = Text.assemble(printable(check.found), (f"\nwhy: {printable(check.why)}", "dim"))
    if check.fix:
        told.append(f"\nfix: {printable(check.fix)}", "bold" if check.state is State.FAILED else "")
    return Text(f"{glyph} {check.state.value}", style), Text(printable(check.title), "bold"), told
