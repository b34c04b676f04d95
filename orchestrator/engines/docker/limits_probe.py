"""A script that runs inside a container and tries what its restrictions forbid: sent whole to `python3 -c`.

The standard library alone, on any Python 3: it runs in whatever base image there is. It prints two JSON lines. The
second tells what became of a process that took more memory than it may, and is missing where that ended the container.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys

PROCESSES = 100  # more than the container may have
MEMORY_BYTES = 128 * 2**20  # more than the container may take
_MIB = 2**20


def main() -> None:
    _tell({**_rights(), **_file_systems(), "network": _network(), "processes": _processes()})
    _tell({"memory": _memory()})


def _rights() -> dict[str, int]:
    with open("/proc/self/status") as file:  # noqa: PTH123 - as small as can be
        status = dict(line.rstrip().split(":\t", 1) for line in file if ":\t" in line)
    return {
        "user": os.getuid(),
        "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
        "no_new_privileges": int(status.get("NoNewPrivs", "0")),
    }


def _file_systems() -> dict[str, int | bool]:
    root, shared = os.statvfs("/"), os.statvfs("/dev/shm")
    return {
        "root_writable": not root.f_flag & os.ST_RDONLY or _writable("/"),
        "tmp_writable": _writable("/tmp"),
        "shared_memory_bytes": shared.f_blocks * shared.f_frsize,
        "free_bytes": root.f_bavail * root.f_frsize,
    }


def _writable(folder: str) -> bool:
    path = f"{folder}/bakeoff-{os.getpid()}"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(path)  # noqa: PTH108
    except OSError:
        return False
    return True


def _network() -> bool:
    """Ask for a route to an address of documentation, by either version of the protocol."""
    return _routed(socket.AF_INET, "192.0.2.1") or _routed(socket.AF_INET6, "2001:db8::1")


def _routed(family: int, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((address, 9))  # of a datagram socket: nothing is sent
    except OSError:
        return False
    return True


def _processes() -> int:
    """Count the processes that could be started before the kernel refused one; all end again."""
    started: list[int] = []  # a local variable's annotation is never evaluated
    waiting, ending = os.pipe()
    try:
        while len(started) < PROCESSES:
            child = os.fork()
            if child == 0:
                os.close(ending)
                os.read(waiting, 1)
                os._exit(0)
            started.append(child)
    except OSError:
        pass  # refused: what was to be shown
    os.close(ending)
    for child in started:
        os.waitpid(child, 0)
    return len(started)


def _memory() -> str:
    """Take memory in a process of its own, which the kernel shall choose before this one."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write("1000")
        taken = [b"x" * _MIB for _ in range(MEMORY_BYTES // _MIB)]
        os._exit(0 if len(taken) else 1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "ended"
    return "taken" if os.WEXITSTATUS(status) == 0 else "refused"


def _tell(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
