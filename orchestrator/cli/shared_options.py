"""The options that several commands share beside those of a spec."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import progress
from orchestrator.data.sources import fetch_named
from orchestrator.errors import UsageError
from orchestrator.progress import Progress
from orchestrator.progress.view import View
from orchestrator.spec.fault import nearest
from orchestrator.spec.option import Option
from orchestrator.values import Value


class Folders(Value):
    """Where runs are kept, and where MNIST is taken from."""

    out: Annotated[Path, Option("--out", "Folder of run folders.", variable="BAKEOFF_OUT_DIR")] = Path("runs")
    idx: Annotated[Path | None, Option("--idx", "Folder with MNIST's four IDX files, gzipped or not.")] = None

    def verify_idx(self) -> None:
        """Read the folder that was named where nothing else does. Raises PreflightError."""
        if self.idx is not None:
            fetch_named(self.idx, lambda _: None)


SIZES = ("epochs", "train_images", "batch_size")
"""Fields of a comparison: how much is trained."""

HOW = ("engine", "device", "variant", "gpu", "threads", "relay", "turn_seconds", "timeout_seconds")
"""Fields of a comparison: where and how trials run, whatever is compared."""


class Display(Value):
    """What is written to the terminal. Switches of one command line have no variable."""

    as_json: Annotated[bool, Option("--json", "One JSON object on stdout, all else on stderr.", variable="")] = False
    progress: Annotated[Progress, Option("--progress", "How progress is shown.")] = "auto"
    quiet: Annotated[bool, Option("--quiet", "Show failures and the result only.", "-q", variable="")] = False
    verbose: Annotated[bool, Option("--verbose", "Show every phase too.", "-v", variable="")] = False

    def view(self) -> View:
        """Open the view of progress that was asked for."""
        return progress.view(self.progress, verbosity=int(self.verbose) - int(self.quiet))


_OPEN_HELP = "Open report.html in the browser at the end."


class ReportDisplay(Display):
    """The same, of a command that ends with a report."""

    open_report: Annotated[bool, Option("--open", _OPEN_HELP, variable="")] = False


Open = Annotated[bool, typer.Option("--open", help=_OPEN_HELP)]

Detach = Annotated[
    bool, typer.Option("--detach", help="Ctrl-C leaves the running trial to go on.", envvar="BAKEOFF_DETACH")
]


_PREFIX = "BAKEOFF_"
_WITHOUT_OPTION = ("BAKEOFF_CACHE", "BAKEOFF_BASE_IMAGE")
_OF_WORKERS = ("BAKEOFF_TRIAL", "BAKEOFF_DATA", "BAKEOFF_OUT")


def check_spelling(environment: Mapping[str, str], options: Collection[str]) -> None:
    """Refuse a variable that is nearly one of an option's, which would be ignored in silence. Raises UsageError."""
    known = {*options, *_WITHOUT_OPTION}
    unknown = [name for name in environment if name.startswith(_PREFIX) and name not in (*known, *_OF_WORKERS)]
    for name in unknown:
        near = nearest(name.removeprefix(_PREFIX), [each.removeprefix(_PREFIX) for each in known])
        if near:
            raise UsageError(f"{name} is no variable of bakeoff", f"set {_PREFIX}{near} instead, or unset it")


def check_variables(environment: Mapping[str, str]) -> None:
    """Refuse variables as they were called before: UsageError says what to set now.

    BAKEOFF_RUNS was the folder of run folders, and --runs had BAKEOFF_RUNS_PER_SEED.
    """
    folder = "the folder of run folders is BAKEOFF_OUT_DIR"
    if runs := environment.get("BAKEOFF_RUNS_PER_SEED"):
        raise UsageError("BAKEOFF_RUNS_PER_SEED is now BAKEOFF_RUNS", f"set BAKEOFF_RUNS={runs} instead; {folder}")
    runs = environment.get("BAKEOFF_RUNS", "")
    if runs and not runs.strip().isdecimal():
        raise UsageError(
            f"BAKEOFF_RUNS is the number of repetitions of each seed, not {runs!r}",
            f"{folder}: set BAKEOFF_OUT_DIR={runs} instead",
        )
