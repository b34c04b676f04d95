"""What no part of bakeoff expected: a sentence for the user, and the trace in a file."""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.data import dataset
from orchestrator.errors import BakeoffError
from orchestrator.host.credentials import without_credentials

FOLDER = "errors"


def told(error: Exception) -> BakeoffError:
    """Say what happened in one sentence, exit code 1; the trace is kept in the cache, or where temporary files lie."""
    words = f"bakeoff did not expect this: {type(error).__name__}: {error}"
    trace = without_credentials("".join(traceback.format_exception(error)))
    for folder in (dataset.default_folder().parent / FOLDER, Path(tempfile.gettempdir())):
        path = folder / f"bakeoff-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(trace, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return BakeoffError(words, f"`bakeoff doctor`; if all is well there, report it with its trace: {path}")
    return BakeoffError(f"{words}. {trace}", "no folder takes the trace: set BAKEOFF_CACHE to one that does")
