"""A check: one thing that a comparison depends on, what was found, why it matters, and the fix."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from orchestrator.errors import PreflightError
from orchestrator.values import Value


class State(Enum):
    OK = "ok"
    WARNING = "warning"  # a comparison runs, and something about it is to be known
    FAILED = "failed"  # a comparison ends with exit code 3, or its numbers mean nothing
    SKIPPED = "skipped"  # could not be looked at, or is not needed here


class Check(Value):
    """What `bakeoff doctor` prints, and an entry of its JSON. Texts may come from outside: print them escaped."""

    id: str  # stable, for programs: "disk.images"
    title: str
    state: State
    found: str
    why: str
    fix: str = ""


def refused(name: str, title: str, why: str, error: PreflightError) -> Check:
    """Take over the message and the way out of an error that a comparison would end with."""
    return Check(id=name, title=title, state=State.FAILED, found=error.one_line, why=why, fix=error.remedy)


def failure(checks: Iterable[Check]) -> PreflightError | None:
    """Return the first failed check as the error that ends a comparison."""
    failed = next((check for check in checks if check.state is State.FAILED), None)
    return PreflightError(failed.found, failed.fix) if failed else None
