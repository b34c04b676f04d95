"""One worker process: its live feed, its end, what it left."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.engine import OUT_FILE_LIMIT_BYTES, STDERR_LIMIT_BYTES, Exit, Leftovers

STOP_SECONDS = 10.0
STDOUT, STDERR, OUT = "stdout", "stderr", "out"
"""What stands in a worker's folder; only the last is the worker's own, as $BAKEOFF_OUT."""

_TAIL_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024


class ProcessWorker:
    """A process group with a folder of its own; leaving the `with` block ends the one and removes the other."""

    paused = False  # nobody pauses a process through us; one that is stopped by a signal is silent

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, stop_seconds: float = STOP_SECONDS) -> None:
        self._process = process
        self._folder = folder
        self._stop_seconds = stop_seconds
        self._whole = 0  # bytes of standard output that were handed out as whole lines
        self._calls = 0

    def chunks(self) -> Iterator[bytes]:
        """Follow the file that standard output goes to, from the last line that was handed out whole.

        A file and not a pipe: a host that stops reading must not stop the training. A new
        call ends the one before it, which may still be waiting for a silent worker.
        """
        self._calls += 1
        call = self._calls
        with (self._folder / STDOUT).open("rb") as file:
            file.seek(self._whole)
            while call == self._calls:
                ended = self._process.poll() is not None  # asked before reading: what follows is final
                chunk = file.read(_CHUNK_BYTES)
                if b"\n" in chunk:
                    self._whole = file.tell() - len(chunk) + chunk.rindex(b"\n") + 1
                if chunk:
                    yield chunk
                elif ended:
                    return
                else:
                    time.sleep(_TAIL_SECONDS)

    def poll(self) -> Exit | None:
        code = self._process.poll()
        if code is None:
            return None
        return Exit(128 - code if code < 0 else code)  # a signal, as the shell and Docker number it

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._stop_seconds)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        files, refused = {}, []
        for name in names:
            try:
                files[name] = _regular(self._folder / OUT / name, OUT_FILE_LIMIT_BYTES)
            except FileNotFoundError:
                continue
            except OSError as error:
                refused.append(f"{name}: {_why_refused(error)}")
        return Leftovers(files, self._stderr(), tuple(refused))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        """Signal the whole group: the worker may have children, and may itself be gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _stderr(self) -> str:
        with (self._folder / STDERR).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - STDERR_LIMIT_BYTES))
            return file.read(STDERR_LIMIT_BYTES).decode("utf-8", "replace")


def _regular(path: Path, limit_bytes: int) -> bytes:
    """Read a file that a worker wrote: no link is followed, no pipe waited for, nothing above the limit."""
    with open(path, "rb", opener=_cautious) as file:
        if os.fstat(file.fileno()).st_size > limit_bytes:
            raise OSError(f"larger than {limit_bytes} bytes")
        return file.read(limit_bytes)


def _cautious(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("not a regular file")


def _why_refused(error: OSError) -> str:
    """Say what is wrong with a file, without the path of a folder that no longer exists."""
    return "not a regular file" if error.errno == errno.ELOOP else error.strerror or str(error)
