"""The GPU that a comparison would run on: its driver, its free memory, who else uses it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.engines.check import Check, State
from orchestrator.host.gpus import Gpu, Usage
from orchestrator.host.hardware import Hardware
from orchestrator.spec.contenders import Contender, driver_floor
from orchestrator.spec.gpu_faults import absent, old_driver

NEEDED_BYTES = 2 * 2**30
"""A CUDA context, cuDNN's workspace and the network take less than half of it."""

WHY = "all trials of a comparison run on one device; results of two devices are not comparable"


def missing(asked: bool, hardware: Hardware) -> Check:
    """Say that there is none: the CPU serves, unless a GPU was asked for."""
    fault = absent(hardware)
    return Check(
        id="gpu",
        title="GPU",
        state=State.FAILED if asked else State.SKIPPED,
        found=fault.found + ("" if asked else "; the CPU is compared"),
        why=WHY,
        fix=fault.fix if asked else "",
    )


def declined() -> Check:
    return Check(id="gpu", title="GPU", state=State.SKIPPED, found="not looked at, by --device cpu", why=WHY)


def present(gpu: Gpu) -> Check:
    memory = f", {gpu.memory_bytes / 2**30:.0f} GiB" if gpu.memory_bytes is not None else ""
    found = f"{gpu.name}{memory}, driver {gpu.driver_version} ({gpu.uuid})"
    return Check(id="gpu", title="GPU", state=State.OK, found=found, why=WHY)


def driver(gpu: Gpu, contenders: Sequence[Contender]) -> list[Check]:
    """Hold the driver against each contender's CUDA."""
    return [_driver(gpu, contender, driver_floor(contender)) for contender in contenders]


def _driver(gpu: Gpu, contender: Contender, floor: int) -> Check:
    state = State.OK if gpu.serves(floor) else State.FAILED
    fault = old_driver(contender.written, floor, gpu.driver_version)
    return Check(
        id=f"gpu.driver.{contender.slug}",
        title="driver",
        state=state if floor else State.SKIPPED,
        found=fault.found if floor else f"{contender.written} names no driver that it needs",
        why="a wheel's CUDA asks for a driver at least as new",
        fix=fault.fix if state is State.FAILED else "",
    )


def use(usage: Usage | None) -> Check:
    """Judge free memory and company."""
    id_, title, why = "gpu.use", "GPU in use", "another's work on the same GPU is measured as the framework's"
    if usage is None:
        return Check(id=id_, title=title, state=State.SKIPPED, found="the driver does not tell", why=why)
    free = f"{usage.free_bytes / 2**30:.1f} GiB free" if usage.free_bytes is not None else "free memory unknown"
    full = usage.free_bytes is not None and usage.free_bytes < NEEDED_BYTES
    return Check(
        id=id_,
        title=title,
        state=State.FAILED if full else State.WARNING if usage.processes else State.OK,
        found=f"{free}, {usage.processes or 'no'} other process{'' if usage.processes == 1 else 'es'}",
        why=why,
        fix="end them (nvidia-smi lists them), or name another GPU with --gpu" if full or usage.processes else "",
    )
