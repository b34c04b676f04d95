"""A fixed amount of pure computation on this machine: how long it takes tells what else the machine does.

It reads no memory to speak of and no disk, so a slower one means a lower clock, or somebody else on the cores.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

ITERATIONS = 1_000_000
"""Rounds of HMAC-SHA-256 for each core: about a quarter of a second. Another number is another series."""


def sentinel(cores: int, iterations: int = ITERATIONS) -> Callable[[], float]:
    """Return a function that keeps so many cores busy with a fixed amount of work each, and tells its seconds."""

    def compute(_: int) -> None:
        hashlib.pbkdf2_hmac("sha256", b"bakeoff", b"sentinel", iterations)  # lets go of the interpreter's lock

    def seconds() -> float:
        with ThreadPoolExecutor(cores) as pool:
            begun = time.perf_counter()
            list(pool.map(compute, range(cores)))
            return time.perf_counter() - begun

    return seconds
