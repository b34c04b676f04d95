"""What the process engine needs of this machine: Python with venv and pip, and room for environments."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.engines.check import Check, State
from orchestrator.engines.disk_needed import check_room
from orchestrator.engines.engine_checks import EngineChecks


@dataclass(frozen=True)
class ProcessChecks(EngineChecks):
    """The checks of the process engine for one comparison."""

    notice: str
    missing: Mapping[str, int]  # contender → estimated bytes of the environment that is still to be made
    free_bytes: int

    def before_start(self) -> Iterator[Check]:
        if self.missing:
            yield python(*find_venv_and_pip())
        yield from self.room()

    def to_build(self) -> Mapping[str, int]:
        return self.missing

    def room(self) -> Iterator[Check]:
        yield check_room(self.free_bytes, self.missing, "free space, or set BAKEOFF_CACHE", "the cache's disk")

    def engine(self) -> Iterator[Check]:
        yield isolation(self.notice)
        yield from self.before_start()


def isolation(notice: str) -> Check:
    return Check(
        id="engine",
        title="process engine",
        state=State.WARNING,
        found=notice,
        why="limits and isolation are the same for every contender only in containers",
        fix="install Docker to have each contender in a container of its own",
    )


def python(has_venv: bool, has_pip: bool, version: str) -> Check:
    """Judge the interpreter that makes environments. Debian ships Python without either."""
    missing = [name for name, present in (("venv", has_venv), ("ensurepip", has_pip)) if not present]
    return Check(
        id="process.python",
        title="Python",
        state=State.FAILED if missing else State.OK,
        found=f"Python {version} has no {' and no '.join(missing)}" if missing else f"Python {version}, venv and pip",
        why="each contender's version gets a virtual environment of its own, filled by pip",
        fix="install python3-venv, or name interpreters that have the frameworks with --python" if missing else "",
    )


def find_venv_and_pip() -> tuple[bool, bool, str]:
    """Return whether this Python has venv and ensurepip, and its version."""
    has_venv, has_pip = (importlib.util.find_spec(name) is not None for name in ("venv", "ensurepip"))
    return has_venv, has_pip, platform.python_version()
