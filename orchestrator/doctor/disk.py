"""Whether the run folder has room."""

from __future__ import annotations

from pathlib import Path

from orchestrator.engines.check import Check, State, refused
from orchestrator.errors import PreflightError
from orchestrator.host.disk import nearest_existing
from orchestrator.record import run_folder

_WHY = "records are written while trials run: a full disk ends a comparison half way"


def runs(out: Path) -> Check:
    """Ask `run_folder` whether it would take a comparison, without making the folder."""
    name, title = "disk.runs", "disk for runs"
    try:
        run_folder.ensure_space(nearest_existing(out))
    except PreflightError as error:
        return refused(name, title, _WHY, error)
    needed = run_folder.RUN_FOLDER_BYTES / 1e6
    return Check(id=name, title=title, state=State.OK, found=f"{out} takes the {needed:.0f} MB asked for", why=_WHY)
