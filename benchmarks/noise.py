"""A neighbour on the machine, declared: one thread that computes and rests by turns of random length.

Busy and idle stretches are exponential, a second long on average, from a seed. Run it beside a measurement:

    python -m benchmarks.noise --seconds 60
"""

from __future__ import annotations

import argparse
import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator

MEAN_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    make_noise(options.seconds, random.Random(options.seed))


def make_noise(seconds: float, lots: random.Random) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _compute(min(lots.expovariate(1 / MEAN_SECONDS), end - time.monotonic()))
        time.sleep(max(0.0, min(lots.expovariate(1 / MEAN_SECONDS), end - time.monotonic())))


@contextlib.contextmanager
def neighbour(*, wanted: bool) -> Iterator[None]:
    """Keep a neighbour busy beside the block, where one is wanted."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.noise"]) if wanted else None
    try:
        yield
    finally:
        if process:
            process.terminate()
            process.wait()


def _compute(seconds: float) -> None:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number = sum(range(10_000), number) % 97


if __name__ == "__main__":
    main()
