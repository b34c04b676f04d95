"""Tries, inside a contender's container, what its framework must be able to do: one JSON line a step.

Started by the host as `python -m images.<name>.probe cpu|cuda [MODE...]`, never as part of a trial.
"""

import json
import os
import sys
import time
from typing import Callable, Iterable, List, NamedTuple, Tuple

from shared.emitter import private_stdout

TEXT_LIMIT = 300  # characters: a compiler's complaint runs to pages, and its first line says it


class Step(NamedTuple):
    """One thing to try. `attempt` returns what it found, for a person, or raises."""

    name: str
    needed: bool  # by what is going to run: the others only inform
    attempt: Callable[[], str]


def asked() -> Tuple[str, List[str]]:
    """Return the device and the modes of the command line."""
    return (sys.argv[1] if len(sys.argv) > 1 else "cpu"), sys.argv[2:]


def tell(steps: Iterable[Step]) -> int:
    """Try the steps in order and tell how each ended; stop at the first needed one that fails, and return 1."""
    live = private_stdout()
    for step in steps:
        started = time.perf_counter()
        ok, found = _tried(step)
        seconds = round(time.perf_counter() - started, 3)
        line = {"step": step.name, "ok": ok, "needed": step.needed, "seconds": seconds, "found": found}
        os.write(live, (json.dumps(line) + "\n").encode())
        if step.needed and not ok:
            return 1
    return 0


def agree(found: float, expected: float) -> str:
    """Return the value where it is the one that arithmetic gives; ValueError where a kernel computed nonsense."""
    if found != expected:
        raise ValueError(f"the result is {found}, not {expected}")
    return f"{found:g}"


def _tried(step: Step) -> Tuple[bool, str]:
    try:
        return True, step.attempt()[:TEXT_LIMIT]
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return False, f"{type(error).__name__}: {lines[0] if lines else ''}"[:TEXT_LIMIT]
