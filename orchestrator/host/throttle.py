"""How often this machine's processors were slowed because they were too hot, as the Linux kernel counts it."""

from __future__ import annotations

from pathlib import Path

from shared import procfs

_CPUS = "sys/devices/system/cpu"
_COUNTERS = ("core_throttle_count", "package_throttle_count")

COUNT = "cpu_throttle_count"
"""The fact's name."""

AT_END = "_at_end"
"""Behind the name of a fact that is read when a run has ended."""


def throttle_count(root: Path) -> int | None:
    """Return how often cores and packages were slowed since the machine was started, None where nobody counts.

    Intel's processors have the counters; a guest of a hypervisor mostly has not. Every CPU of a package shows that
    package's count, so the sum counts some twice: only whether it grew means something.
    """
    folders = sorted((root / _CPUS).glob("cpu[0-9]*/thermal_throttle"))
    texts = [procfs.read_text(folder / name).strip() for folder in folders for name in _COUNTERS]
    counts = [int(text) for text in texts if text.isascii() and text.isdecimal()]
    return sum(counts) if counts else None


def throttle_facts(root: Path = Path("/"), end: str = "") -> dict[str, str]:
    """Return the count as a fact, named with AT_END where that is `end`."""
    count = throttle_count(root)
    return {} if count is None else {f"{COUNT}{end}": str(count)}
