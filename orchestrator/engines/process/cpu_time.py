"""CPU time of a process group, from the scheduler's own count, which is exact to the nanosecond."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shared import procfs

PROC = Path("/proc")


def group_cpu_seconds(group: int, proc: Path = PROC) -> float | None:
    """Return the CPU time that the threads of a group's processes have used; None where the system does not tell.

    Threads and processes that have ended no longer count, so it may go down.
    """
    times = [_nanoseconds(task) for process in _members(group, proc) for task in (process / "task").glob("[0-9]*")]
    known = [time for time in times if time is not None]
    return sum(known) / 1e9 if known else None


def _members(group: int, proc: Path) -> Iterator[Path]:
    for process in proc.glob("[0-9]*"):
        # The name in parentheses may hold spaces and parentheses; after it come state, parent and group.
        fields = procfs.read_text(process / "stat").rpartition(")")[2].split()
        if len(fields) > 2 and fields[2] == str(group):
            yield process


def _nanoseconds(task: Path) -> int | None:
    first = procfs.read_text(task / "schedstat").split()[:1]
    return int(first[0]) if first and first[0].isdigit() else None
