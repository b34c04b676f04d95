"""The report of a comparison, made from its run folder alone: `summary.json` in, files out.

Nothing here knows a live object, so a report can be made again on another machine, years later.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError


def write(folder: Path) -> list[Path]:
    """Write the figures, report.md and results.parquet of a run folder and return their paths.

    Raises UsageError where the folder holds no summary that this version can read, PreflightError where the disk
    does not take the files: they can be made again.
    """
    try:  # matplotlib and pyarrow: a second that --help saves
        from pyarrow import ArrowException

        from orchestrator.report import parquet
        from orchestrator.report.figures import draw
        from orchestrator.report.markdown import page
    except (ImportError, ValueError, OSError) as error:  # matplotlib reads the user's settings as it is imported
        remedy = f"unset MPLBACKEND, MATPLOTLIBRC and MPLCONFIGDIR, then: bakeoff report {folder.name}"
        raise PreflightError(f"matplotlib or pyarrow cannot be loaded: {error}", remedy) from error
    summary = Summary.load(folder)
    try:
        return [*draw.draw(summary, folder), page.write(summary, folder), parquet.write(summary, folder)]
    except OSError as error:
        remedy = f"free space, then make it again: bakeoff report {folder.name}"
        raise PreflightError(f"cannot write the report into {folder}: {error.strerror or error}", remedy) from error
    except (RuntimeError, ValueError, ArrowException) as error:  # a font that is damaged, a figure beyond its limits
        remedy = f"the trials are recorded; unset MATPLOTLIBRC and MPLCONFIGDIR, then: bakeoff report {folder.name}"
        raise PreflightError(f"cannot make the report in {folder}: {error}", remedy) from error
