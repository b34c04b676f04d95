"""The report of a comparison, made from its run folder alone: `summary.json` in, files out.

Nothing here knows a live object, so a report can be made again on another machine, years later.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from orchestrator.analyse.summary import Summary
from orchestrator.errors import PreflightError, UsageError


def write(folder: Path) -> list[Path]:
    """Write the figures, report.md and results.parquet of a run folder and return their paths.

    Raises UsageError where the folder holds no summary that this version can read, PreflightError where the disk
    does not take the files: they can be made again.
    """
    from orchestrator.report import parquet as results
    from orchestrator.report.figures import draw as figures
    from orchestrator.report.markdown import page as markdown  # matplotlib and pyarrow: a second that --help saves

    summary = load(folder)
    try:
        return [*figures.draw(summary, folder), markdown.write(summary, folder), results.write(summary, folder)]
    except OSError as error:
        remedy = f"free space, then make it again: bakeoff report {folder.name}"
        raise PreflightError(f"cannot write the report into {folder}: {error.strerror or error}", remedy) from error


def load(folder: Path) -> Summary:
    """Read `folder`/summary.json; UsageError where it is missing or none of this version's."""
    path = folder / "summary.json"
    try:
        return Summary.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "bakeoff ls lists the run folders") from error
    except ValidationError as error:
        raise UsageError(f"{path} is not a summary: {_first(error)}", _REMEDY) from error


_REMEDY = "make its report with the version of bakeoff that wrote it, or run the comparison again"


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])
