"""One worker process: its live feed, its end, what it left."""

from __future__ import annotations

import contextlib
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
_TAIL_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024


class ProcessWorker:
    """A process group with a folder of its own; leaving the `with` block ends the one and removes the other."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self._process = process
        self._out = out
        self._read = 0

    def chunks(self) -> Iterator[bytes]:
        """Follow the file that standard output goes to.

        A file and not a pipe: a host that stops reading must not stop the training.
        """
        with (self._out / "stdout").open("rb") as file:
            file.seek(self._read)
            while True:
                ended = self._process.poll() is not None  # asked before reading: what follows is final
                chunk = file.read(_CHUNK_BYTES)
                self._read += len(chunk)
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
            self._process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        files, refused = {}, []
        for name in names:
            try:
                files[name] = _regular(self._out / name, OUT_FILE_LIMIT_BYTES)
            except FileNotFoundError:
                continue
            except OSError as error:
                refused.append(f"{name}: {error}")
        return Leftovers(files, self._stderr(), tuple(refused))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._out, ignore_errors=True)

    def _signal(self, number: int) -> None:
        """Signal the whole group: the worker may have children, and may itself be gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _stderr(self) -> str:
        with (self._out / "stderr").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - STDERR_LIMIT_BYTES))
            return file.read().decode("utf-8", "replace")


def _regular(path: Path, limit_bytes: int) -> bytes:
    """Read a file that a worker wrote: no link is followed, no pipe waited for, nothing above the limit."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError("not a regular file")
        if state.st_size > limit_bytes:
            raise OSError(f"larger than {limit_bytes} bytes")
        return file.read(limit_bytes)
