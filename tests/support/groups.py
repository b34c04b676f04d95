"""Which tests share a process where `make test` shares them out: a group stays in one, so it prepares once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

TRAININGS = "tests/images/"
ENGINE = ("tests/engines/docker/", "tests/engines/test_engines.py", "tests/faults/", "tests/line/test_registry.py")
"""Files with tests of a Docker Engine: two that build one image at a time, or count what is left, see each other."""

NEED_AN_ENGINE = ("docker", "frameworks", "cuda_image")


def group(nodeid: str) -> str:
    """Name a test's group: trainings, engine, or its file."""
    file = nodeid.partition("::")[0]
    return "trainings" if file.startswith(TRAININGS) else "engine" if file.startswith(ENGINE) else file


def refuse_outside(items: Iterable[pytest.Item]) -> None:
    """Raise UsageError where a test needs an engine and stands outside of both groups: its process would be another."""
    for item in items:
        marked = any(item.get_closest_marker(name) for name in NEED_AN_ENGINE)
        if marked and group(item.nodeid) not in ("trainings", "engine"):
            raise pytest.UsageError(f"{item.nodeid} needs an engine: put its file into ENGINE, tests/support/groups.py")


def slow(*values: object) -> list[Any]:
    """Mark parameters that are one of their kind more: `make test` has another, `make check` runs these too."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
