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

IMAGES, SIDE, FILTERS, KERNEL = 8, 28, 32, 3
"""Of the convolution: images of ones with one channel, and filters of ones."""

ROWS, FEATURES, UNITS = 64, 1024, 10
"""Of the matrix product: (rows, features) times (features, units), all ones."""


class Step(NamedTuple):
    """One thing to try. `attempt` returns what it found, for a person, or raises."""

    name: str
    needed: bool  # by what is going to run: the others only inform
    attempt: Callable[[], str]


class Operations(NamedTuple):
    """What a framework tries on a device, "cpu" or "cuda"."""

    framework: Callable[[str], str]  # imports it and names its version and device; RuntimeError without a GPU to use
    convolution: Callable[[str], Tuple[float, float]]  # one value of the result, one of the kernel's gradient
    product: Callable[[str], Tuple[float, float]]  # one value of the result, one of the weights' gradient
    compiled: Callable[[str], float]  # one value of relu(product), from a compiled function
    compiling_mode: str  # the mode whose trials compile; "" where none does


def main(operations: Operations) -> int:
    """Try what the command line asks for, device and modes; return the exit code."""
    device, modes = arguments()
    return run_steps(steps(operations, device, modes))


def arguments() -> Tuple[str, List[str]]:
    """Return the device and the modes of the command line."""
    return (sys.argv[1] if len(sys.argv) > 1 else "cpu"), sys.argv[2:]


def steps(operations: Operations, device: str, modes: List[str]) -> List[Step]:
    """List the steps and what they must find; a gradient counts the places, or rows, that a weight was used in."""
    places = IMAGES * (SIDE - KERNEL + 1) ** 2
    return [
        Step("framework", True, lambda: operations.framework(device)),
        Step("convolution", True, lambda: _expect_both(operations.convolution(device), KERNEL * KERNEL, places)),
        Step("product", True, lambda: _expect_both(operations.product(device), FEATURES, ROWS)),
        Step("compile", operations.compiling_mode in modes, lambda: expect(operations.compiled(device), FEATURES)),
    ]


def run_steps(steps: Iterable[Step]) -> int:
    """Try the steps in order and write how each ended; stop at the first needed one that fails, and return 1."""
    live = private_stdout()
    for step in steps:
        started = time.perf_counter()
        ok, found = _try(step)
        seconds = round(time.perf_counter() - started, 3)
        line = {"step": step.name, "ok": ok, "needed": step.needed, "seconds": seconds, "found": found}
        os.write(live, (json.dumps(line) + "\n").encode())
        if step.needed and not ok:
            return 1
    return 0


def expect(found: float, expected: float) -> str:
    """Return the value where it is the one that arithmetic gives; ValueError where a kernel computed nonsense."""
    if found != expected:
        raise ValueError(f"the result is {found}, not {expected}")
    return f"{found:g}"


def _expect_both(found: Tuple[float, float], result: float, gradient: float) -> str:
    expect(found[1], gradient)
    return expect(found[0], result)


def _try(step: Step) -> Tuple[bool, str]:
    try:
        return True, step.attempt()[:TEXT_LIMIT]
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return False, f"{type(error).__name__}: {lines[0] if lines else ''}"[:TEXT_LIMIT]
