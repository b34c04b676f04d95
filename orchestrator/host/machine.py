"""The machine on which workers run, for plan and report: facts that explain a number, read once at the start.

Names of people and hosts and absolute paths stay out: a report is meant to be shown around. A fact that cannot be read
is left out, never guessed, and a fact of another machine never stands in for it. What is read of /proc and /sys comes
through a function, by which tests bring their own files and an engine those of its machine.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from orchestrator.host import gpus
from orchestrator.host.gpus import Gpu
from orchestrator.host.hardware import Hardware
from orchestrator.host.throttle import AT_END, throttle_facts
from shared import procfs
from shared.cgroups import memory_limits, quotas

ROOT = Path("/")

Read = Callable[[str], str]
"""Returns the text of a file of the machine by its path from the root, "" where it cannot be read."""

_CPUS = "sys/devices/system/cpu/"
FILES = (
    *("proc/cpuinfo", "proc/meminfo", "proc/loadavg", "sys/kernel/mm/transparent_hugepage/enabled"),
    *(f"{_CPUS}{name}" for name in ("cpu0/cpufreq/scaling_governor", "cpu0/cpufreq/cpuinfo_max_freq", "cpufreq/boost")),
    *(f"{_CPUS}{name}" for name in ("intel_pstate/no_turbo", "smt/active")),
    *("sys/devices/system/node/online", "sys/devices/system/clocksource/clocksource0/current_clocksource"),
)
"""All that is read."""

_ON_OFF = {"1": "on", "0": "off"}
_OFF_ON = {"1": "off", "0": "on"}  # where the kernel tells whether something is forbidden


@dataclass(frozen=True)
class Machine:
    """What workers can be given, and the facts of a report."""

    hardware: Hardware
    facts: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Name what a report says of the machine, in its order, between who measured and when."""
        return known(
            {
                "bakeoff": _bakeoff_version(),
                "python": platform.python_version(),
                "machine": "" if self.hardware.here else "not the one that bakeoff ran on",
                **self.facts,
                **_gpu_facts(self.hardware.gpus),
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )


def this_machine(root: Path = ROOT) -> Machine:
    """Describe this machine as processes of ours are given it, its GPUs too."""
    cores, quota = usable(_affinity(), quotas(root))
    memory = memory_bytes(root)
    listed = gpus.list_gpus()
    hardware = Hardware(cores, listed, gives_gpus=True, quota=quota, load=load_now(), memory_bytes=memory)
    return Machine(hardware, facts_here(hardware, memory, root))


def facts_here(hardware: Hardware, memory: int, root: Path = ROOT) -> dict[str, str]:
    """Name the facts of this machine, of which workers are given `hardware` and `memory` bytes."""
    system = {
        "os": _os_name(),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
    }
    return {**facts_of(system, hardware, memory, reader(root)), "load_average": _load_average()}


def facts_of(system: Mapping[str, str], hardware: Hardware, memory: int, read: Read) -> dict[str, str]:
    """Name the facts of a machine by its files, in the order of a report; all texts, each with its unit."""
    return known(
        {
            **system,
            "cpu": cpu_model(read("proc/cpuinfo")),
            "cpu_cores": str(hardware.cores),
            "cpu_quota": f"{hardware.quota:g} cores" if hardware.quota is not None else "",
            **_processor(read),
            "memory": f"{memory / 2**30:.1f} GiB" if memory else "",
            **_memory(read),
            "load_average": " ".join(read("proc/loadavg").split()[:3]),
        }
    )


def environment_at_end(root: Path = ROOT) -> dict[str, str]:
    """Name what may have moved on this machine while a comparison ran."""
    available = _meminfo(reader(root), "MemAvailable")
    return known(
        {
            "load_average_at_end": _load_average(),
            "memory_available_at_end": available,
            **throttle_facts(root, AT_END),
            **{
                f"gpu_{at}_{name}{AT_END}": gpu.state[name]
                for at, gpu in enumerate(gpus.list_gpus())
                for name in gpus.THROTTLING
                if name in gpu.state
            },
        }
    )


def usable(cpus: int, limits: Iterable[float]) -> tuple[int, float | None]:
    """Return how many cores a process may keep busy, of the CPUs that it may run on, and the quota that binds, if any.

    A quota of 1.5 cores counts as 1: a second thread would be throttled half of the time,
    and the frameworks would be measured by how they bear it.
    """
    least = min(limits, default=float(cpus))
    quota = least if least < cpus else None
    return max(1, int(least if quota is not None else cpus)), quota


def memory_bytes(root: Path = ROOT) -> int:
    """Return the memory that this process may use: the machine's, cut by control groups."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *memory_limits(root)])


def boot_id(root: Path = ROOT) -> str:
    """Return what the kernel made up when it booted: a container shows the same where it runs on this very kernel."""
    return procfs.read_text(root / "proc/sys/kernel/random/boot_id").strip()


def load_now() -> float | None:
    """Return this machine's load of the last minute, None where it does not tell."""
    with contextlib.suppress(OSError):
        return os.getloadavg()[0]
    return None


def cpu_model(cpuinfo: str) -> str:
    """Return the first "model name" of /proc/cpuinfo; "" where there is none, as on ARM."""
    return procfs.field(cpuinfo, "model name")


def reader(root: Path) -> Read:
    return lambda path: procfs.read_text(root / path)


def known(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: fact for name, fact in facts.items() if fact}


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor(read: Read) -> dict[str, str]:
    """Read what makes the same processor fast on one day and slow on another; most of it is hidden in a guest."""
    cpuinfo = read("proc/cpuinfo")
    no_turbo = read(f"{_CPUS}intel_pstate/no_turbo").strip()
    return {
        "cpu_governor": read(f"{_CPUS}cpu0/cpufreq/scaling_governor").strip(),
        "cpu_clock_max": _with_unit(read(f"{_CPUS}cpu0/cpufreq/cpuinfo_max_freq"), " kHz"),
        "cpu_boost": _ON_OFF.get(read(f"{_CPUS}cpufreq/boost").strip(), _OFF_ON.get(no_turbo, "")),
        "cpu_smt": _ON_OFF.get(read(f"{_CPUS}smt/active").strip(), ""),
        "cpu_microcode": procfs.field(cpuinfo, "microcode"),
        "cpu_numa_nodes": read("sys/devices/system/node/online").strip(),
        "hypervisor": "yes" if "hypervisor" in procfs.field(cpuinfo, "flags").split() else "",
        "clocksource": read("sys/devices/system/clocksource/clocksource0/current_clocksource").strip(),
    }


def _memory(read: Read) -> dict[str, str]:
    return {
        "memory_available": _meminfo(read, "MemAvailable"),
        "swap": _meminfo(read, "SwapTotal"),
        "transparent_hugepages": read("sys/kernel/mm/transparent_hugepage/enabled").strip(),  # [x] is in force
    }


def _meminfo(read: Read, name: str) -> str:
    """Return a line of /proc/meminfo in GiB; the kernel's "kB" are units of 1,024 bytes."""
    kibibytes = procfs.field(read("proc/meminfo"), name).removesuffix(" kB")
    return f"{int(kibibytes) / 2**20:.1f} GiB" if kibibytes.isdigit() else ""


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


def _gpu_facts(listed: Sequence[Gpu]) -> dict[str, str]:
    return {
        **{f"gpu_{at}": _gpu(gpu) for at, gpu in enumerate(listed)},
        **{f"gpu_{at}_{name}": value for at, gpu in enumerate(listed) for name, value in gpu.state.items()},
        "nvidia_driver": listed[0].driver_version if listed else "",
    }


def _gpu(gpu: Gpu) -> str:
    memory = f", {gpu.memory_bytes / 2**30:.1f} GiB" if gpu.memory_bytes is not None else ""
    return f"{gpu.name}{memory} ({gpu.uuid})"


def _with_unit(text: str, unit: str) -> str:
    return text.strip() + unit if text.strip() else ""
