"""The NVIDIA GPUs of this machine, by UUID, as the driver lists them.

Indexes change with CUDA_DEVICE_ORDER and between boots, UUIDs do not: everything
downstream names a GPU by its UUID. A GPU that is split by MIG is listed as its
instances, because CUDA reaches nothing else of it. Nothing is set or reset here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pynvml

from orchestrator.errors import PreflightError, UsageError

CLOCK_LIMITS, HELD_BACK = "clock_limits", "thermal_slowdown"
THROTTLING = (CLOCK_LIMITS, HELD_BACK)
"""States that tell of a GPU that was slowed: why its clocks are below their most at this moment, and for how long heat
held it back since the driver was loaded."""

SLOWED = {0x08: "hardware slowdown", 0x20: "too hot (software)", 0x40: "too hot (hardware)", 0x80: "power brake"}
"""NVML's bits of reasons that tell of trouble. Idleness, a power cap and clocks that somebody set are none."""

_OTHER_LIMITS = {0x01: "idle", 0x02: "clocks set", 0x04: "power cap", 0x10: "sync boost", 0x100: "display clocks"}
_THERMAL = 1  # NVML_PERF_POLICY_THERMAL


@dataclass(frozen=True)
class Gpu:
    """One GPU or MIG instance that a worker can be given."""

    uuid: str  # "GPU-…" or "MIG-…"
    name: str
    driver_version: str
    memory_bytes: int | None  # None where the driver does not tell
    index: int  # of the physical GPU, as nvidia-smi counts
    state: Mapping[str, str] = field(default_factory=dict)  # clocks, power cap and the like, each with its unit

    def serves(self, driver: int) -> bool:
        """Tell whether the driver is of this major version or newer; one that is not a number is not judged."""
        major = self.driver_version.partition(".")[0]
        return not major.isdigit() or int(major) >= driver


@dataclass(frozen=True)
class Usage:
    """What others do with a GPU at this moment."""

    free_bytes: int | None
    processes: int  # that compute on it, in whatever container


def list_gpus(nvml: Any = pynvml) -> tuple[Gpu, ...]:
    """List the GPUs in the driver's order; none where there is no driver. Never raises for absence."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return ()
    try:
        driver = nvml.nvmlSystemGetDriverVersion()
        return tuple(_list(nvml, driver))
    except nvml.NVMLError:
        return ()  # a driver that is being replaced answers Init and nothing else
    finally:
        nvml.nvmlShutdown()


def usage(uuid: str, nvml: Any = pynvml) -> Usage | None:
    """Return what others do with a GPU; None where the driver does not say."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
        memory = _nvml_or_none(nvml, "nvmlDeviceGetMemoryInfo", handle)
        running = _nvml_or_none(nvml, "nvmlDeviceGetComputeRunningProcesses", handle) or ()
        return Usage(int(memory.free) if memory else None, len(running))
    except nvml.NVMLError:
        return None
    finally:
        nvml.nvmlShutdown()


def choose(gpus: Sequence[Gpu], wanted: str | None) -> Gpu:
    """Pick by index, UUID or the beginning of one; the first where nothing is wanted.

    Raises PreflightError where there is no GPU, UsageError where not exactly one matches.
    """
    if not gpus:
        raise PreflightError("no NVIDIA GPU answers", "check nvidia-smi on this machine, or use --device cpu")
    if wanted is None:
        return gpus[0]
    matching = [gpu for gpu in gpus if _matches(gpu, wanted)]
    if len(matching) != 1:
        fault = "means more than one GPU" if matching else "is no GPU of this machine"
        there = "; ".join(f"{gpu.index} {gpu.uuid} ({gpu.name})" for gpu in gpus)
        raise UsageError(f"{wanted!r} {fault}", f"give an index or a UUID: {there}")
    return matching[0]


def _list(nvml: Any, driver: str) -> Iterator[Gpu]:
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            physical = nvml.nvmlDeviceGetHandleByIndex(index)
            instances = _instances(nvml, physical)
            for handle in [physical] if instances is None else instances:
                yield _gpu(nvml, handle, driver, index)
        except nvml.NVMLError:
            continue  # fallen off the bus: the others still serve


def _instances(nvml: Any, physical: Any) -> list[Any] | None:
    """Return the handles of a split GPU's instances, None where it is whole."""
    modes = _nvml_or_none(nvml, "nvmlDeviceGetMigMode", physical)  # current, pending
    if modes is None or modes[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return None
    slots = range(nvml.nvmlDeviceGetMaxMigDeviceCount(physical))
    handles = [_nvml_or_none(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", physical, slot) for slot in slots]
    return [handle for handle in handles if handle is not None]


def _gpu(nvml: Any, handle: Any, driver: str, index: int) -> Gpu:
    memory = _nvml_or_none(nvml, "nvmlDeviceGetMemoryInfo", handle)
    return Gpu(
        uuid=nvml.nvmlDeviceGetUUID(handle),
        name=nvml.nvmlDeviceGetName(handle),
        driver_version=driver,
        memory_bytes=int(memory.total) if memory else None,
        index=index,
        state=_state(nvml, handle),
    )


def _state(nvml: Any, handle: Any) -> dict[str, str]:
    """Read what moves a GPU's speed between two runs; what a MIG instance or an old card has not is left out."""
    questions: tuple[tuple[Any, ...], ...] = (
        ("sm_clock", _megahertz, "nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
        ("sm_clock_max", _megahertz, "nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_SM),
        ("memory_clock", _megahertz, "nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
        ("memory_clock_max", _megahertz, "nvmlDeviceGetMaxClockInfo", nvml.NVML_CLOCK_MEM),
        ("power_cap", _watts, "nvmlDeviceGetPowerManagementLimit"),
        ("power_cap_default", _watts, "nvmlDeviceGetPowerManagementDefaultLimit"),
        ("persistence", _on_off, "nvmlDeviceGetPersistenceMode"),
        ("ecc", lambda modes: _on_off(modes[0]), "nvmlDeviceGetEccMode"),  # current, pending
        (CLOCK_LIMITS, _limits, "nvmlDeviceGetCurrentClocksThrottleReasons"),
        (HELD_BACK, lambda found: f"{found.violationTime / 1e9:.3f} s", "nvmlDeviceGetViolationStatus", _THERMAL),
        ("temperature", lambda celsius: f"{celsius} °C", "nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
    )
    answers = ((name, show, _nvml_or_none(nvml, question, handle, *more)) for name, show, question, *more in questions)
    return {name: show(answer) for name, show, answer in answers if answer is not None}


def _megahertz(clock: int) -> str:
    return f"{clock} MHz"


def _limits(reasons: int) -> str:
    known = {**SLOWED, **_OTHER_LIMITS}
    return ", ".join(words for bit, words in known.items() if reasons & bit) or "none"


def _watts(milliwatts: int) -> str:
    return f"{milliwatts / 1000:.0f} W"


def _on_off(mode: int) -> str:
    return "on" if mode else "off"


def _nvml_or_none(nvml: Any, question: str, *arguments: Any) -> Any:
    """Return the driver's answer, None where this GPU has no such thing."""
    try:
        return getattr(nvml, question)(*arguments)
    except nvml.NVMLError:
        return None


def _matches(gpu: Gpu, wanted: str) -> bool:
    return str(gpu.index) == wanted or gpu.uuid.lower().startswith(wanted.lower())
