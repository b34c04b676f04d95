"""What keeps a comparison from a GPU: `compare` and `bakeoff doctor` say it in the same words."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.errors import PreflightError


class GpuFault(NamedTuple):
    """What was found, and the way out."""

    found: str
    fix: str

    @property
    def error(self) -> PreflightError:
        return PreflightError(self.found, self.fix)


ABSENT = GpuFault("no GPU: the NVIDIA driver lists none on this machine", "use --device cpu")
NO_TOOLKIT = GpuFault(
    "a GPU is here, but the Docker Engine cannot hand it to a container",
    "install the NVIDIA Container Toolkit and restart Docker, or use --device cpu",
)


def old_driver(contender: str, floor: int, version: str) -> GpuFault:
    """Say which driver a contender needs and which one is there."""
    return GpuFault(
        f"{contender} needs NVIDIA driver {floor} or newer, this machine has {version}",
        "update the driver, name an older version, or use --device cpu",
    )
