"""What a person, a log file or a program sees while a comparison runs. All of it goes to standard error.

Standard output stays free for the one JSON object of `--json`. Nothing from outside reaches the stream
as control bytes or markup: words pass `printable` and `Text`, and `Outlet` replaces what is left.
"""

from __future__ import annotations

import sys
from typing import Literal, TextIO

from rich.console import Console

from orchestrator.progress.json_lines import JsonLines
from orchestrator.progress.live import LiveView
from orchestrator.progress.outlet import Outlet
from orchestrator.progress.plain import Plain
from orchestrator.progress.quiet import Quiet
from orchestrator.progress.view import View

Progress = Literal["auto", "rich", "plain", "json", "quiet"]


def view(progress: Progress = "auto", stream: TextIO | None = None, verbosity: int = 0) -> View:
    """Return the view of a name: `auto` is a live table on a terminal that can move its cursor, else plain lines.

    `verbosity` counts -v as 1 and -q as −1; -q turns `auto` into `quiet`.
    """
    outlet = Outlet(sys.stderr if stream is None else stream)
    console = _console(outlet)
    if progress == "auto":
        progress = "quiet" if verbosity < 0 else "rich" if console.is_interactive else "plain"
    match progress:
        case "rich":
            return LiveView(console, verbosity)
        case "plain":
            return Plain(console, verbosity)
        case "json":
            return JsonLines(outlet)
        case "quiet":
            return Quiet(console)


def _console(outlet: Outlet) -> Console:
    # FORCE_COLOR makes rich take any stream for a terminal. Colour may be forced; moving the
    # cursor through a log file may not.
    interactive = None if outlet.isatty() else False
    return Console(file=outlet, markup=False, emoji=False, highlight=False, force_interactive=interactive)
