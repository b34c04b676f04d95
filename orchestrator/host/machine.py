"""What this machine is, for the report: facts that explain a number, read once at the start.

Names of people and hosts and absolute paths stay out: a report is meant to be shown around.
A fact that cannot be read is left out, never guessed. `root` is the file system's root, so that tests bring
their own /proc and /sys.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from orchestrator.host.gpus import Gpu
from shared.procfs import field, read_text

ROOT = Path("/")

NO_LIMIT_BYTES = 2**60
"""cgroup v1 says "no limit" with a number near 2^63."""

_ON_OFF = {"1": "on", "0": "off"}
_OFF_ON = {"1": "off", "0": "on"}  # where the kernel tells whether something is forbidden


def environment(gpus: Sequence[Gpu] = (), *, root: Path = ROOT) -> dict[str, str]:
    """Name the host's facts in the order of a report; all texts, each with its unit."""
    facts = {
        "bakeoff": _bakeoff_version(),
        "python": platform.python_version(),
        "os": _os_name(),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpu": cpu_model(read_text(root / "proc/cpuinfo")),
        "cpu_cores": str(cores(root)),
        **_processor(root),
        "memory": f"{memory_bytes(root) / 2**30:.1f} GiB",
        **_memory(root),
        "load_average": _load_average(),
        **{f"gpu_{at}": _gpu(gpu) for at, gpu in enumerate(gpus)},
        **{f"gpu_{at}_{name}": value for at, gpu in enumerate(gpus) for name, value in gpu.state.items()},
        "nvidia_driver": gpus[0].driver_version if gpus else "",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return {name: fact for name, fact in facts.items() if fact}


def environment_at_end(root: Path = ROOT) -> dict[str, str]:
    """Name what may have moved while a comparison ran."""
    facts = {"load_average_at_end": _load_average(), "memory_available_at_end": _meminfo(root, "MemAvailable")}
    return {name: fact for name, fact in facts.items() if fact}


def cores(root: Path = ROOT) -> int:
    """Count the logical cores that this process may keep busy: its affinity, cut by CPU quotas.

    A quota of 1.5 cores counts as 1: a second thread would be throttled half of the time,
    and the frameworks would be measured by how they bear it.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([affinity, *_quotas(root)])))


def memory_bytes(root: Path = ROOT) -> int:
    """Return the memory that this process may use: the machine's, cut by control groups."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *_memory_limits(root)])


def cpu_model(cpuinfo: str) -> str:
    """Return the first "model name" of /proc/cpuinfo; "" where there is none, as on ARM."""
    return field(cpuinfo, "model name")


def parse_cgroups(membership: str) -> dict[str, str]:
    """Read /proc/self/cgroup: controller → group, the unified hierarchy (version 2) under ""."""
    groups = {}
    for line in membership.splitlines():
        _, controllers, group = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def parse_quota_v2(cpu_max: str) -> float | None:
    """Read cpu.max ("150000 100000", "max 100000") as cores; None where there is no limit."""
    match cpu_max.split():
        case [quota, period] if quota.isdigit() and period.isdigit():
            return int(quota) / int(period)
        case _:
            return None


def parse_quota_v1(quota_us: str, period_us: str) -> float | None:
    """Read cpu.cfs_quota_us ("-1" is no limit) and cpu.cfs_period_us as cores."""
    return parse_quota_v2(f"{quota_us} {period_us}")


def _processor(root: Path) -> dict[str, str]:
    """Read what makes the same processor fast on one day and slow on another; most of it is hidden in a guest."""
    cpus, cpuinfo = root / "sys/devices/system/cpu", read_text(root / "proc/cpuinfo")
    no_turbo = _read_line(cpus / "intel_pstate/no_turbo")
    return {
        "cpu_governor": _read_line(cpus / "cpu0/cpufreq/scaling_governor"),
        "cpu_clock_max": _read_line(cpus / "cpu0/cpufreq/cpuinfo_max_freq", " kHz"),
        "cpu_boost": _ON_OFF.get(_read_line(cpus / "cpufreq/boost"), _OFF_ON.get(no_turbo, "")),
        "cpu_smt": _ON_OFF.get(_read_line(cpus / "smt/active"), ""),
        "cpu_microcode": field(cpuinfo, "microcode"),
        "cpu_numa_nodes": _read_line(root / "sys/devices/system/node/online"),
        "hypervisor": "yes" if "hypervisor" in field(cpuinfo, "flags").split() else "",
        "clocksource": _read_line(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
    }


def _memory(root: Path) -> dict[str, str]:
    return {
        "memory_available": _meminfo(root, "MemAvailable"),
        "swap": _meminfo(root, "SwapTotal"),
        "transparent_hugepages": _read_line(root / "sys/kernel/mm/transparent_hugepage/enabled"),  # [x] is in force
    }


def _meminfo(root: Path, name: str) -> str:
    """Return a line of /proc/meminfo in GiB; the kernel's "kB" are units of 1,024 bytes."""
    kibibytes = field(read_text(root / "proc/meminfo"), name).removesuffix(" kB")
    return f"{int(kibibytes) / 2**20:.1f} GiB" if kibibytes.isdigit() else ""


def _quotas(root: Path) -> Iterator[float]:
    for folder in _cgroup_folders(root, ""):
        yield from _known(parse_quota_v2(read_text(folder / "cpu.max")))
    for folder in _cgroup_folders(root, "cpu"):
        yield from _known(
            parse_quota_v1(read_text(folder / "cpu.cfs_quota_us"), read_text(folder / "cpu.cfs_period_us"))
        )


def _memory_limits(root: Path) -> Iterator[int]:
    for folder, name in [
        *((folder, "memory.max") for folder in _cgroup_folders(root, "")),
        *((folder, "memory.limit_in_bytes") for folder in _cgroup_folders(root, "memory")),
    ]:
        text = read_text(folder / name).strip()
        if text.isdigit() and int(text) < NO_LIMIT_BYTES:
            yield int(text)


def _cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield our control group's folder and its parents': a limit above binds those below.

    Inside a container the group may be named as the host sees it, which does not exist
    here; then the walk up ends at the mount, which is the container's own group.
    """
    group = parse_cgroups(read_text(root / "proc/self/cgroup")).get(controller)
    if group is None:
        return
    mount = root / "sys/fs/cgroup" / controller
    below = Path(group.lstrip("/"))
    yield from (mount / part for part in (below, *below.parents) if (mount / part).is_dir())


def _known(value: float | None) -> Iterator[float]:
    if value is not None:
        yield value


def _bakeoff_version() -> str:
    try:
        return metadata.version("bakeoff")
    except metadata.PackageNotFoundError:
        return ""  # run from a checkout that was not installed


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _load_average() -> str:
    """Return the load of the last 1, 5 and 15 minutes: what else ran while we measured."""
    with contextlib.suppress(OSError):
        return " ".join(f"{load:.2f}" for load in os.getloadavg())
    return ""


def _gpu(gpu: Gpu) -> str:
    memory = f", {gpu.memory_bytes / 2**30:.1f} GiB" if gpu.memory_bytes is not None else ""
    return f"{gpu.name}{memory} ({gpu.uuid})"


def _read_line(path: Path, unit: str = "") -> str:
    text = read_text(path).strip()
    return text + unit if text else ""
