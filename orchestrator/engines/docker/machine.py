"""The machine on which an engine runs its containers: this one, or another of which a container and `docker info` tell.

A socket may lead into a virtual machine, a port or ssh to any other, and a limit may leave a container less than its
machine has. So a container is asked; where none can be started yet, what the engine says of itself has to do.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from orchestrator.engines.check_cache import DAY_SECONDS, CheckCache
from orchestrator.engines.docker.gpu_listing import list_gpus
from orchestrator.engines.docker.inspection import Checkup, digest
from orchestrator.engines.engine import StartError
from orchestrator.host import gpus, machine
from orchestrator.host.hardware import Hardware
from orchestrator.host.machine import Machine
from orchestrator.spec.contenders import Contender
from orchestrator.values import Value
from shared.cgroups import parse_quota

INSIDE = Path(__file__).with_name("machine_probe.py")

_FACT_LIMIT = 300  # characters of a fact that a container told

Text = Annotated[str, Field(max_length=8000)]


class Told(Value):
    """What a container tells of its machine: hostile input."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cpus: Annotated[int, Field(ge=1, le=2**16)]
    quotas: Annotated[list[Text], Field(max_length=64)]
    boot_id: Text
    files: dict[Text, Text]


def find_machine(
    checkup: Checkup, contenders: Sequence[Contender], cache: CheckCache, named_by: str, *, gives_gpus: bool
) -> Machine:
    """Describe the machine, as far as it can be known. Raises EngineLostError."""
    image = checkup.image_to_try(contenders, "cpu", "cuda")
    told = _told(checkup, image, cache, named_by)
    info = checkup.info
    cores, quota = _usable(info, told)
    memory = int(info.get("MemTotal", 0))
    here = _is_here(checkup, told)
    hardware = Hardware(cores, gives_gpus=gives_gpus, quota=quota, memory_bytes=memory or None, here=here)
    if hardware.here:
        hardware = replace(hardware, gpus=gpus.list_gpus(), load=machine.load_now())
        return Machine(hardware, machine.facts_here(hardware, memory))
    listed = list_gpus(checkup, image) if gives_gpus and image else ()
    hardware = replace(hardware, gpus=listed, load=_load(told))
    return Machine(hardware, _facts_elsewhere(info, told, hardware, memory))


def read(answer: str | bytes) -> Told | None:
    """Read what the probe printed; None where it makes no sense."""
    try:
        return Told.model_validate_json(answer.strip())
    except ValidationError:
        return None


def _told(checkup: Checkup, image: str | None, cache: CheckCache, named_by: str) -> Told | None:
    """Ask a container, or remember what one told today of this very machine, whose load is read without it."""
    identity, info = checkup.identity(), checkup.info
    size = [str(info.get(name, "")) for name in ("NCPU", "MemTotal")]
    question = ["machine", identity.id, identity.version, identity.surroundings, named_by, *size, digest(INSIDE)]
    known = read(cache.recall_text(question, DAY_SECONDS) or "")
    if known is not None and known.boot_id == machine.boot_id():
        return known
    if image is None:
        return None
    with contextlib.suppress(StartError):
        answer = checkup.run_script(image, INSIDE, machine.FILES).stdout
        if told := read(answer):
            cache.keep_text(question, told.model_dump_json())
        return told
    return None


def _usable(info: Mapping[str, Any], told: Told | None) -> tuple[int, float | None]:
    """Return the cores that a container may keep busy, and the quota that binds."""
    counts = [int(info.get("NCPU", 0)), *([told.cpus] if told else [])]
    cpus = min((count for count in counts if count > 0), default=os.cpu_count() or 1)
    limits = [parse_quota(quota) for quota in told.quotas] if told else []
    return machine.usable(cpus, [limit for limit in limits if limit])


def _is_here(checkup: Checkup, told: Told | None) -> bool:
    """Tell whether containers run on this kernel; without a container's word, whether name and size are this one's."""
    if told is not None:
        return bool(told.boot_id) and told.boot_id == machine.boot_id()
    info = checkup.info
    same = info.get("Name") == platform.node() and info.get("KernelVersion") == platform.release()
    return same and checkup.by_socket and info.get("NCPU") == os.cpu_count()


def _load(told: Told | None) -> float | None:
    try:
        return float(told.files.get("proc/loadavg", "").split()[0]) if told else None
    except (IndexError, ValueError):
        return None


def _facts_elsewhere(info: Mapping[str, Any], told: Told | None, hardware: Hardware, memory: int) -> dict[str, str]:
    system = {
        "os": str(info.get("OperatingSystem", "")),
        "kernel": f"{str(info.get('OSType', 'linux')).capitalize()} {info.get('KernelVersion', '')}",
        "architecture": str(info.get("Architecture", "")),
    }
    files = told.files if told else {}
    facts = machine.facts_of(system, hardware, memory, lambda path: files.get(path, ""))
    return {name: " ".join(fact.split())[:_FACT_LIMIT] for name, fact in facts.items()}
