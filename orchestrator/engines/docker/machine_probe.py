"""A script that runs inside a container and tells of its machine: sent whole to `python3 -c`, with paths to read.

The standard library alone, on any Python 3: it runs in whatever base image there is. It prints one JSON line. Files of
/proc and /sys that a container shows are the kernel's, whichever container asks.
"""

from __future__ import annotations

import json
import os
import sys

BYTES = 6000  # of a file: a processor's flags take two thousand


def main() -> None:
    told = {
        "cpus": len(os.sched_getaffinity(0)),
        "quotas": _quotas(),
        "boot_id": _text("/proc/sys/kernel/random/boot_id").strip(),
        "files": {path: _first_block(_text("/" + path)) for path in sys.argv[1:]},
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _quotas() -> list[str]:
    """Read the limits on CPU time as "quota period", of our control group and of those above it that can be seen."""
    found = []
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        mount = "/sys/fs/cgroup" if controllers == "" else "/sys/fs/cgroup/cpu"
        if controllers and "cpu" not in controllers.split(","):
            continue
        parts = [part for part in group.split("/") if part]
        for length in range(len(parts) + 1):
            folder = "/".join([mount, *parts[:length]])
            first = _text(folder + "/cpu.cfs_quota_us"), _text(folder + "/cpu.cfs_period_us")
            found.append(_text(folder + "/cpu.max") or " ".join(first))
    return sorted({" ".join(quota.split()) for quota in found if quota.strip()})


def _text(path: str) -> str:
    try:
        with open(path, errors="replace") as file:  # noqa: PTH123 - as small as can be
            return file.read(BYTES)
    except OSError:
        return ""


def _first_block(text: str) -> str:
    """Cut what is told once for each processor to the first."""
    return text.split("\n\n")[0]


if __name__ == "__main__":
    main()
