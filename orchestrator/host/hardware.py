"""The hardware that a comparison is resolved for."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.host.gpus import Gpu


@dataclass(frozen=True)
class Hardware:
    """What workers can be given on the machine where they run."""

    cores: int  # logical, that a worker may keep busy
    gpus: tuple[Gpu, ...] = ()  # that are listed there
    gives_gpus: bool = False  # whether the engine can hand a GPU to a worker
    load: float | None = None  # one-minute average when it was looked at; None: not known
    quota: float | None = None  # cores, where a limit on CPU time binds before the CPUs do
    memory_bytes: int | None = None  # of the machine, as far as workers may use it; None: not known
    here: bool = True  # it is the machine on which bakeoff runs
