"""The commit that bakeoff runs from, where it runs from a checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def revision(root: Path = _ROOT) -> str:
    """Return the commit of bakeoff's checkout, "-dirty" where files differ from it.

    "" where bakeoff runs from no checkout of its own: an installed one may lie inside another project's repository.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():
        return ""
    return _git(root, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _git(folder: Path, *words: str) -> str:
    """Return what git answers in the folder, "" where it cannot."""
    # Under a git hook these variables name the hook's repository, wherever git is run.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
