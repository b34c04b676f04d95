"""The one clock of a timed region."""

from __future__ import annotations

import contextlib
import time
from typing import Callable, Iterator


class Stopwatch:
    """Seconds of the last timed region; 0 until it closed."""

    def __init__(self) -> None:
        self.seconds = 0.0


@contextlib.contextmanager
def timed(synchronise: Callable[[], None]) -> Iterator[Stopwatch]:
    """Time a region between two synchronisations of the device.

    GPUs work asynchronously: without the first call the region pays for work queued
    before it, without the second it ends before its own work does. Nothing inside may do
    I/O, send an event, evaluate, or read a loss back (each read is a synchronisation).
    """
    watch = Stopwatch()
    synchronise()
    start = time.perf_counter()
    yield watch
    synchronise()
    watch.seconds = time.perf_counter() - start
