"""The report of a comparison, made from its run folder alone: `summary.json` in, files out.

Nothing here knows a live object, so a report can be made again on another machine, years later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from orchestrator.analyse.bisect_answer import Answer
from orchestrator.analyse.run_history import History
from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError


def write(folder: Path) -> list[Path]:
    """Write figures, report.md, results.parquet and report.html of a run folder; return their paths, the last one last.

    Raises UsageError where the folder holds no summary that this version can read, PreflightError where the disk
    does not take the files: they can be made again.
    """
    try:  # matplotlib and pyarrow: a second that --help saves
        from pyarrow import ArrowException

        from orchestrator.report import parquet
        from orchestrator.report.figures import draw
        from orchestrator.report.html import page as html
        from orchestrator.report.markdown import page
    except (ImportError, ValueError, OSError) as error:  # matplotlib reads the user's settings as it is imported
        _raise_own(error)
        remedy = f"unset MPLBACKEND, MATPLOTLIBRC and MPLCONFIGDIR, then: bakeoff report {folder.name}"
        raise PreflightError(f"matplotlib or pyarrow cannot be loaded: {error}", remedy) from error
    summary = Summary.load(folder)
    try:
        return [
            *draw.draw(summary, folder),
            page.write(summary, folder),
            parquet.write(summary, folder),
            html.write(summary, folder),
        ]
    except OSError as error:
        remedy = f"free space, then make it again: bakeoff report {folder.name}"
        raise PreflightError(f"cannot write the report into {folder}: {error.strerror or error}", remedy) from error
    except (RuntimeError, ValueError, ArrowException) as error:  # a font that is damaged, a figure beyond its limits
        remedy = f"the trials are recorded; unset MATPLOTLIBRC and MPLCONFIGDIR, then: bakeoff report {folder.name}"
        raise PreflightError(f"cannot make the report in {folder}: {error}", remedy) from error


def draw_history(found: History, stem: Path) -> list[Path]:
    """Draw one quantity across runs as PNG and SVG and return the paths.

    Raises PreflightError where matplotlib cannot be loaded or the disk does not take the files.
    """
    return _drawn("history", found, stem)


def draw_bisect(found: Answer, stem: Path) -> list[Path]:
    """Draw the evidence of a bisect, likewise."""
    return _drawn("bisect", found, stem)


def _drawn(kind: Literal["history", "bisect"], found: Any, stem: Path) -> list[Path]:
    try:
        from orchestrator.report.figures import bisect, draw, history
    except (ImportError, ValueError, OSError) as error:
        _raise_own(error)
        remedy = "unset MPLBACKEND, MATPLOTLIBRC and MPLCONFIGDIR, then repeat"
        raise PreflightError(f"matplotlib cannot be loaded: {error}", remedy) from error
    make: Any = {"history": history.draw, "bisect": bisect.draw}[kind]
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        with draw.style():
            return draw.saved(make(found), stem)
    except OSError as error:
        remedy = "free space, or name another place with --figure"
        raise PreflightError(f"cannot write {stem}.png: {error.strerror or error}", remedy) from error
    except (RuntimeError, ValueError) as error:
        raise PreflightError(
            f"cannot draw {stem}.png: {error}", "unset MATPLOTLIBRC and MPLCONFIGDIR, then repeat"
        ) from error


def _raise_own(error: Exception) -> None:
    """Raise what is a fault of bakeoff's own modules: the user's settings have no part in it."""
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] in ("orchestrator", "shared"):
        raise error
