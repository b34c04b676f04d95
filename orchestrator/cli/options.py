"""The options that several commands share. Each has an environment variable of its name."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from orchestrator.progress import Progress
from orchestrator.spec.spec import Device, EngineName, Profile
from shared.trial import Precision

app = typer.Typer(
    name="bakeoff",
    help="Like-for-like comparisons of deep-learning frameworks and of their versions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Option(help="Folder of run folders.", envvar="BAKEOFF_RUNS")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, all else on stderr.")]
Idx = Annotated[
    Path | None, typer.Option(help="Folder with MNIST's four IDX files, gzipped or not.", envvar="BAKEOFF_IDX")
]
Show = Annotated[Progress, typer.Option(help="How progress is shown.", envvar="BAKEOFF_PROGRESS")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show failures and the result only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every phase too.")]

Epochs = Annotated[int | None, typer.Option(help="Instead of the recipe's.", envvar="BAKEOFF_EPOCHS")]
TrainImages = Annotated[int | None, typer.Option(help="The first N only.", envvar="BAKEOFF_TRAIN_IMAGES")]
ProfileOption = Annotated[
    Profile, typer.Option(help="article: the published size; quick: minutes.", envvar="BAKEOFF_PROFILE")
]
EngineOption = Annotated[EngineName, typer.Option(help="What starts workers.", envvar="BAKEOFF_ENGINE")]
DeviceOption = Annotated[Device, typer.Option(help="Where training runs.", envvar="BAKEOFF_DEVICE")]
VariantOption = Annotated[
    Device, typer.Option(help="Which build of the framework; auto follows the device.", envvar="BAKEOFF_VARIANT")
]
GpuOption = Annotated[str | None, typer.Option(help="Index or UUID.", envvar="BAKEOFF_GPU")]
Threads = Annotated[int | None, typer.Option(help="CPU threads of every worker.", envvar="BAKEOFF_THREADS")]
PrecisionOption = Annotated[Precision, typer.Option(help="Of weights and all arithmetic.", envvar="BAKEOFF_PRECISION")]
Timeout = Annotated[float, typer.Option(help="Seconds a trial may take.", envvar="BAKEOFF_TIMEOUT")]
ForeignOption = Annotated[
    bool,
    typer.Option(
        "--allow-foreign-image",
        help="Run a ready image that lacks the label bakeoff.contract; every restriction stays.",
        envvar="BAKEOFF_ALLOW_FOREIGN_IMAGE",
    ),
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Ctrl-C leaves the running trial to go on.", envvar="BAKEOFF_DETACH")
]
PythonOption = Annotated[
    list[str] | None,
    typer.Option(help="Process engine: PATH or NAME=PATH of an interpreter to use.", envvar="BAKEOFF_PYTHON"),
]

RUNS = Path("runs")
TIMEOUT_SECONDS = 4 * 3600.0


def verbosity(quiet: bool, verbose: bool) -> int:
    return int(verbose) - int(quiet)


def listing(first: str, *others: str) -> Table:
    """Return a table whose first column is a name to be copied, and so never cut."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, overflow="fold")
    return table


def stdout() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def emit(document: object) -> None:
    """Write one JSON object to standard output."""
    emit_text(json.dumps(document, indent=2))


def emit_text(text: str) -> None:
    """Write a JSON text to standard output in ASCII without controls: outside of its strings it has no other letters.

    JSON lets DEL, C1 controls and bidirectional overrides stand, and a terminal obeys them.
    """
    sys.stdout.write(re.sub(r"[^\n -~]", lambda letter: json.dumps(letter[0])[1:-1].replace("\x7f", "\\u007f"), text))
    sys.stdout.write("" if text.endswith("\n") else "\n")
