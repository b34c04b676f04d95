"""One worker process: its live feed, its exit, the files that it left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.engines.engine import OUT_FILE_LIMIT_BYTES, STDERR_LIMIT_BYTES, Leftovers, WorkerExit
from orchestrator.engines.process.cpu_time import group_cpu_seconds

STOP_SECONDS = 10.0
STDIN, STDOUT, STDERR, OUT = "stdin", "stdout", "stderr", "out"
"""What stands in a worker's folder; only the last is the worker's own, as $BAKEOFF_OUT."""

SPEC, GROUP, EXIT, ALIVE = "spec", "group", "exit", "alive"
"""What a later host needs: what runs, its process group, its exit code, and a file that is locked while it lives."""

SHELL = """
echo $$ > group
exec 3>&2 2>/dev/null 4<>stdin
{ trap : TERM; (cd "$0" && exec "$@" <&4 2>&3 3>&- 4<&-); echo $? > exit.aside && mv exit.aside exit; } &
"""
"""Starts a worker that outlives its host and leaves its exit code, which only a parent is told.

Run in the worker's folder, with the application's folder and the command as arguments; `stdin` there is a pipe,
opened for writing too so that it never ends, or a link to /dev/null. The shell ends at once, so that the worker is
nobody's child; the trap lets what stays behind see what SIGTERM made of the worker, and the shell's own word on a crash
is kept out of the worker's log.
"""

_TAIL_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024
_KILLED = 128 + signal.SIGKILL


class ProcessWorker:
    """A process group with a folder of its own, which holds all that is known of it."""

    paused = False  # nobody pauses a process through us; one that is stopped by a signal is silent

    def __init__(self, folder: Path, stop_seconds: float = STOP_SECONDS, *, started: bool = False) -> None:
        self._folder = folder
        self._stop_seconds = stop_seconds
        self._group = int((folder / GROUP).read_text())
        self._ours = started or self._is_alive()  # the number of an ended group may have been given to another
        self._released = False
        self._handed_out = 0  # bytes of standard output that were handed out as whole lines
        self._calls = 0

    def chunks(self) -> Iterator[bytes]:
        """Follow the file that standard output goes to, from the last line that was handed out whole.

        A file and not a pipe: a host that stops reading must not stop the training. A new
        call ends the one before it, which may still be waiting for a silent worker.
        """
        self._calls += 1
        call = self._calls
        with (self._folder / STDOUT).open("rb") as file:
            file.seek(self._handed_out)
            while call == self._calls:
                ended = self.poll() is not None  # asked before reading: what follows is final
                chunk = file.read(_CHUNK_BYTES)
                if b"\n" in chunk:
                    self._handed_out = file.tell() - len(chunk) + chunk.rindex(b"\n") + 1
                if chunk:
                    yield chunk
                elif ended:
                    return
                else:
                    time.sleep(_TAIL_SECONDS)

    def tell(self, line: bytes) -> None:
        """Write to the pipe that the worker holds open itself: it never ends, and a full one means a dead worker."""
        try:
            pipe = os.open(self._folder / STDIN, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # no reader: the worker has ended
            return
        with contextlib.suppress(OSError):
            os.write(pipe, line)
        os.close(pipe)

    def cpu_seconds(self) -> float | None:
        return group_cpu_seconds(self._group) if self._ours else None

    def poll(self) -> WorkerExit | None:
        if (exit_ := self._exit()) is not None:
            return exit_
        if self._is_alive():
            return None
        return self._exit() or WorkerExit(_KILLED)  # asked again: it may have ended between the two questions

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        self._wait(self._stop_seconds)
        self._signal(signal.SIGKILL)
        self._wait(self._stop_seconds)

    def release(self) -> None:
        self._released = True

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

    def remove(self) -> None:
        """End the whole group, and remove its folder."""
        until = time.monotonic() + self._stop_seconds
        while self._signal(signal.SIGKILL) and time.monotonic() < until:  # children too: they may outlive the worker
            time.sleep(_TAIL_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls += 1
        if not self._released and kind is None:
            self.remove()

    def _exit(self) -> WorkerExit | None:
        path = self._folder / EXIT
        try:
            code, ended = int(path.read_text()), path.stat().st_mtime
        except (OSError, ValueError):
            return None
        return WorkerExit(code, ended_at=datetime.fromtimestamp(ended, UTC))

    def _is_alive(self) -> bool:
        """Try the worker's lock, which the system releases when the last process that holds it ends."""
        with contextlib.suppress(FileNotFoundError), (self._folder / ALIVE).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < until:
            time.sleep(_TAIL_SECONDS)

    def _signal(self, number: int) -> bool:
        """Signal the whole group, and tell whether there was one: the worker may have children, and itself be gone."""
        if self._ours:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)
                return True
        return False

    def _stderr(self) -> str:
        with (self._folder / STDERR).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - STDERR_LIMIT_BYTES))
            return file.read(STDERR_LIMIT_BYTES).decode("utf-8", "replace")


@dataclass(frozen=True)
class Abandoned:
    """The folder of a worker whose host is gone."""

    folder: Path
    stop_seconds: float
    kind: str = "process"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def detail(self) -> str:
        worker = self._worker()
        return "running" if worker and worker.poll() is None else "ended"

    def remove(self) -> None:
        if (worker := self._worker()) is not None:
            worker.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _worker(self) -> ProcessWorker | None:
        with contextlib.suppress(OSError, ValueError):
            return ProcessWorker(self.folder, self.stop_seconds)
        return None


def _regular(path: Path, limit_bytes: int) -> bytes:
    """Read a file that a worker wrote: no link is followed, no pipe waited for, nothing above the limit."""
    with open(path, "rb", opener=_open_regular) as file:
        if os.fstat(file.fileno()).st_size > limit_bytes:
            raise OSError(f"larger than {limit_bytes} bytes")
        return file.read(limit_bytes)


def _open_regular(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("not a regular file")


def _why_refused(error: OSError) -> str:
    """Say what is wrong with a file, without the path of a folder that no longer exists."""
    return "not a regular file" if error.errno == errno.ELOOP else error.strerror or str(error)
