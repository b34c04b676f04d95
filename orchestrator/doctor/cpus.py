"""What a worker gets of the processor."""

from __future__ import annotations

from orchestrator.engines.check import Check, State
from orchestrator.host.hardware import Hardware


def share(hardware: Hardware) -> Check:
    """Warn of a limit on CPU time: a process beyond it is held still, and the frameworks bear it differently."""
    where = "" if hardware.here else " of a machine that is not this one"
    cores = f"{hardware.cores} core{'' if hardware.cores == 1 else 's'}"
    limited = f"a limit on CPU time leaves a worker {hardware.quota:g} cores{where}" if hardware.quota else ""
    return Check(
        id="cpus",
        title="CPU",
        state=State.WARNING if limited else State.OK,
        found=limited or f"{cores}{where} for a worker",
        why="threads follow the cores; beyond a quota a worker is held still for a part of each tenth of a second",
        fix="give the engine's virtual machine or control group more, or read all speeds as under this limit"
        if limited
        else "",
    )
