"""What the process engine needs of this machine: Python with venv and pip, and room for environments."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Sequence

from orchestrator.doctor import disk
from orchestrator.doctor.check import Check, State
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.spec.contenders import Contender


def engine() -> Check:
    return Check(
        id="engine",
        title="process engine",
        state=State.WARNING,
        found=ProcessEngine.notice,
        why="limits and isolation are the same for every contender only in containers",
        fix="install Docker to have each contender in a container of its own",
    )


def python(has_venv: bool, has_pip: bool, version: str) -> Check:
    """Judge the interpreter that makes environments. Debian ships Python without either."""
    missing = [name for name, there in (("venv", has_venv), ("ensurepip", has_pip)) if not there]
    return Check(
        id="process.python",
        title="Python",
        state=State.FAILED if missing else State.OK,
        found=f"Python {version} has no {' and no '.join(missing)}" if missing else f"Python {version}, venv and pip",
        why="each contender's version gets a virtual environment of its own, filled by pip",
        fix="install python3-venv, or name interpreters that have the frameworks with --python" if missing else "",
    )


def checks(made: ProcessEngine, contenders: Sequence[Contender], variant: str) -> list[Check]:
    """Look and judge: Python where an environment must be made, and room for it."""
    missing = made.missing_bytes(contenders, variant)
    room = disk.images(made.free_bytes(), missing, "free space, or set BAKEOFF_CACHE", "the cache's disk")
    return [*([python(*look())] if missing else []), room]


def look() -> tuple[bool, bool, str]:
    """Return what `python` judges."""
    there = [importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip")]
    return there[0], there[1], platform.python_version()
