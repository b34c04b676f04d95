"""The hardware that a comparison is resolved for."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.host.gpus import Gpu


@dataclass(frozen=True)
class Hardware:
    """What workers can be given on this machine."""

    cores: int  # logical, that this process may keep busy
    gpus: tuple[Gpu, ...] = ()  # that the driver lists
    gives_gpus: bool = False  # whether the engine can hand a GPU to a worker
    load: float = 0.0  # one-minute average when it was looked at
