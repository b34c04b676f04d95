"""The stack: which versions of the other packages an image gets beside its framework. Pure.

pinned       the versions that bakeoff names, by hash where a lock covers them: the same ones every time
latest       as pip picks them on the day of the build, with the framework's own requirements alone
as-released  the same of what had been uploaded when this version of the framework came out
"""

from __future__ import annotations

import contextlib
import re
from datetime import date
from typing import Any

from orchestrator.errors import UsageError

Stack = str
"""One of STACKS, or "latest-2026-11-27": a day that is past can be named, but its packages are not had again."""

PINNED, LATEST, AS_RELEASED = "pinned", "latest", "as-released"
STACKS = (PINNED, LATEST, AS_RELEASED)

_DATED = re.compile(rf"{LATEST}-(\d{{4}}-\d\d-\d\d)")


def check_stack(given: Any) -> Stack:
    """Return a stack as it was given. Raises UsageError for what is none."""
    with contextlib.suppress(ValueError):  # 2026-02-30
        if given in STACKS or day_of_latest(str(given)):
            return str(given)
    raise UsageError(f"--stack {str(given)[:60]} is no stack", f"one of: {', '.join(STACKS)}")


def dated(given: Stack, today: date) -> Stack:
    """Write the day of the build into "latest": what pip picks tomorrow is another stack."""
    return f"{LATEST}-{today.isoformat()}" if given == LATEST else given


def day_of_latest(argument: str) -> date | None:
    """Return the day that a build's argument STACK names, None where it is not of "latest"."""
    found = _DATED.fullmatch(argument)
    return date.fromisoformat(found[1]) if found else None


def family(stack: Stack) -> str:
    """Return which of STACKS a stack is, whatever its day."""
    return LATEST if stack.startswith(LATEST) else stack


def stack_of(argument: str) -> Stack:
    """Return which of STACKS a build's argument STACK was of; "" is pinned."""
    if not argument:
        return PINNED
    return LATEST if day_of_latest(argument) else AS_RELEASED


def describe(argument: str) -> str:
    """Say of a build's argument STACK what it held the packages to; "" is pinned."""
    if day := day_of_latest(argument):
        return f"as pip picked them on {day} (--stack latest)"
    return f"uploaded before {argument[:10]}, the day after the framework's release (--stack as-released)"
