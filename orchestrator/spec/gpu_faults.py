"""What keeps a comparison from a GPU: `compare` and `bakeoff doctor` say it in the same words."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.errors import PreflightError
from orchestrator.host.hardware import Hardware


class GpuFault(NamedTuple):
    """What was found, and the way out."""

    found: str
    fix: str

    @property
    def error(self) -> PreflightError:
        return PreflightError(self.found, self.fix)


NO_TOOLKIT = GpuFault(
    "a GPU is here, but the Docker Engine cannot hand it to a container",
    "install the NVIDIA Container Toolkit and restart Docker, or use --device cpu",
)


def absent(hardware: Hardware) -> GpuFault:
    """Say that no GPU is listed where workers run, and who was asked."""
    if hardware.here:
        return GpuFault("no GPU: the NVIDIA driver lists none on this machine", "use --device cpu")
    found = "no GPU: the engine is on another machine, "
    if not hardware.gives_gpus:
        fix = "install the NVIDIA Container Toolkit there and restart the engine, or use --device cpu"
        return GpuFault(f"{found}and knows neither the NVIDIA runtime nor a CDI device", fix)
    return GpuFault(
        f"{found}and no container there lists one",
        "build an image there first (`bakeoff images build`), through which it can be asked, or use --device cpu",
    )


def old_driver(contender: str, floor: int, version: str) -> GpuFault:
    """Say which driver a contender needs and which one is there."""
    return GpuFault(
        f"{contender} needs NVIDIA driver {floor} or newer, its machine has {version}",
        "update the driver, name an older version, or use --device cpu",
    )
