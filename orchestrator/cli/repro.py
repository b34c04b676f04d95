"""`bakeoff repro`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from orchestrator import pipeline
from orchestrator.analyse.finished_run import FinishedRun, load_finished
from orchestrator.analyse.reproduction import Reproduction
from orchestrator.cli.command_options import command
from orchestrator.cli.outcome import INTERRUPTED_HINT, exit_code, report_address
from orchestrator.cli.output import emit, stdout
from orchestrator.cli.shared_options import Display, Folders
from orchestrator.errors import DIFFERS, NO_INTERVAL, Interrupted
from orchestrator.record.archived_spec import archived_spec
from orchestrator.record.run_folder import ARCHIVES, RunFolder
from orchestrator.record.unpack import unpack
from orchestrator.report.reproduction import page
from orchestrator.runtime import detect
from orchestrator.spec.spec import EngineName, Spec
from orchestrator.text import printable

EXIT_CODES = {"agrees": 0, "differs": DIFFERS, "no-interval": NO_INTERVAL}


@command
def repro(
    *,
    archive: Annotated[Path, typer.Argument(help="File that `bakeoff archive` made.")],
    against: Annotated[
        str | None, typer.Option("--against", help="A repetition that was run before: compare it, run nothing.")
    ] = None,
    engine: Annotated[EngineName | None, typer.Option("--engine", help="Instead of the archived run's.")] = None,
    allow_foreign_image: Annotated[
        bool, typer.Option("--allow-foreign-image", help="Run a ready image that the archive names.")
    ] = False,
    folders: Folders,
    display: Display,
) -> None:
    """Run an archived run again and say which facts differ and whether the results agree within their intervals.

    Images are built by this bakeoff where they are not there. A ratio of speeds agrees where the interval of its change
    holds 1, from 6 blocks in each run on; a training where its losses are equal to the last bit, or its accuracies over
    the seeds within the margin.

    Exit codes: 0 all results agree, 5 one differs, 6 one has no interval to tell by; else those of compare.

    \b
    Examples:
      bakeoff repro upgrade.zip
      bakeoff repro upgrade.zip --against latest     after `bakeoff resume` has ended an interrupted repetition
    """
    unpacked, index = unpack(archive, folders.out / ARCHIVES)
    original = load_finished(unpacked)
    if against is not None:
        _show(pipeline.hold_against(original, RunFolder.find(against, folders.out)), display, 0)
    written = engine or unpacked.read_manifest().pinned_spec.engine
    spec = archived_spec(unpacked, index, engine=written, allow_foreign_image=allow_foreign_image)
    folder, code = _run(original, spec, folders, display)
    found = pipeline.hold_against(original, folder)
    _say(f"the repetition's report: {report_address(folder)}")
    _show(found, display, code)


def _run(original: FinishedRun, spec: Spec, folders: Folders, display: Display) -> tuple[RunFolder, int]:
    """Run it again; return the new run and the exit code that `compare` would end with."""
    try:
        with display.view() as view:
            view.say(f"running {original.summary.comparison.id} again: {original.summary.comparison.title}")
            runtime = detect(spec, folders.out, folders.idx)
            folder, summary = pipeline.repeat(original, spec, runtime, view)
    except KeyboardInterrupt:
        raise Interrupted(*INTERRUPTED_HINT) from None
    return folder, exit_code(summary)


def _show(found: Reproduction, display: Display, code: int) -> None:
    """Print what came of it and leave: a trial that failed here counts before what agrees."""
    if display.as_json:
        emit(found.model_dump(mode="json"))
    else:
        stdout().print(page(found))
    raise typer.Exit(code or EXIT_CODES[found.verdict])


def _say(line: str) -> None:
    Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(Text(printable(line)))
