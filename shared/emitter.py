"""Writes events: first to the file that is the record, then to the live feed.

The live feed is a private duplicate of file descriptor 1; descriptor 1 itself is pointed
at standard error, so that nothing a library prints can damage the stream. Make the
emitter before the framework is imported: C++ code writes to descriptor 1 directly.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Optional, Sequence

from shared.events import (
    HEARTBEAT_SECONDS,
    LOSSES_PER_EVENT,
    Event,
    Failed,
    Heartbeat,
    PhaseEnded,
    Steps,
    encode,
)
from shared.leftovers import EVENTS

_MESSAGE_LIMIT = 1000  # six bytes a character at worst ("\\uXXXX") would pass the line limit; see _clip


def private_stdout() -> int:
    """Return a duplicate of descriptor 1 and point descriptor 1 at standard error."""
    private = os.dup(1)
    os.dup2(2, 1)
    return private


class Emitter:
    """Writes numbered events to the file and the live feed, with a heartbeat from a thread of its own."""

    def __init__(self, trial: str, out: Path, live_fd: int, *, beat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.started = time.perf_counter()
        self.heartbeat = Heartbeat(phase="start")  # replaced once an epoch or phase
        self.step: Optional[int] = None  # set once a step by the loop: one attribute store, no I/O
        self._trial = trial
        self._seq = 0
        self._live: Optional[int] = live_fd
        self._file: Optional[int] = os.open(out / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, args=(beat_seconds,), daemon=True)
        self._thread.start()

    def emit(self, event: Event) -> None:
        """Number the event and write it to both places.

        A place that fails (disk full, host gone) is given up and the other goes on; an
        event is lost only when both are gone, and the gap in `seq` says so.
        """
        with self._lock:
            line = encode(event, trial=self._trial, seq=self._seq, t=time.perf_counter() - self.started)
            self._seq += 1
            self._file = _write(self._file, line)
            self._live = _write(self._live, line)

    def steps(self, epoch: int, losses: Sequence[Optional[float]]) -> None:
        """Send an epoch's losses, one a step, in as many events as they need.

        Nine digits hold a float32 exactly and are half as long as the float64 that it reads back as.
        """
        short = [None if finite(loss) is None else float(f"{loss:.9g}") for loss in losses]
        for at in range(0, len(short), LOSSES_PER_EVENT):
            self.emit(Steps(epoch=epoch, first_step=at + 1, losses=short[at : at + LOSSES_PER_EVENT]))

    def begin_epoch(self, heartbeat: Heartbeat) -> None:
        """Send the epoch's first heartbeat, at step 0: the epoch's wall time goes from here to its `epoch_ended`."""
        self.heartbeat, self.step = heartbeat, 0
        self.emit(replace(heartbeat, step=0))

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a named phase and send its seconds when it ends well."""
        self.heartbeat, self.step = Heartbeat(phase=name), None
        start = time.perf_counter()
        yield
        self.emit(PhaseEnded(phase=name, seconds=time.perf_counter() - start))

    def failed(self, error: BaseException) -> None:
        self.emit(Failed(error=type(error).__name__, message=_clip(str(error))))

    def close(self) -> None:
        """Stop the heartbeat and wait for a beat under way, so that the last event stays the last."""
        self._stopped.set()
        self._thread.join()

    def _beat(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            self.emit(replace(self.heartbeat, step=self.step))


def finite(number: Optional[float]) -> Optional[float]:
    """Return None for what JSON cannot say: a diverged loss is null."""
    return number if number is not None and math.isfinite(number) else None


def _write(fd: Optional[int], line: bytes) -> Optional[int]:
    """Write the line in one call; return the descriptor, or None where it is of no more use.

    A full volume takes part of the line and then refuses: the torn tail stays and the
    reader skips it.
    """
    if fd is None:
        return None
    try:
        return fd if os.write(fd, line) == len(line) else None
    except OSError:
        return None


def _clip(text: str) -> str:
    """Cut a message so that its JSON form surely fits a line."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    return plain if len(plain) <= _MESSAGE_LIMIT else plain[:_MESSAGE_LIMIT] + " …cut".replace("…", "...")
