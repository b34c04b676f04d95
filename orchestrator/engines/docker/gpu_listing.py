"""The GPUs of an engine that is on another machine, where no driver of ours can be asked: `nvidia-smi` in a container.

The NVIDIA runtime brings the command into any container that is given a GPU. What it prints is hostile input.
"""

from __future__ import annotations

import re

from docker.types import DeviceRequest

from orchestrator.engines.docker.inspection import Checkup
from orchestrator.engines.engine import StartError
from orchestrator.host.gpus import Gpu

_FIELDS = "index,uuid,driver_version,memory.total,name"
_LIST = f"nvidia-smi --query-gpu={_FIELDS} --format=csv,noheader,nounits && nvidia-smi -L"
_SECONDS = 30.0
_MOST = 256

_GPU = re.compile(r"(\d{1,3}), (GPU-[0-9a-f-]{8,40}), ([\d.]{1,20}), (\d{1,9}|\[N/A\]), ([\w .()/-]{1,80})")
_HEAD = re.compile(r"GPU \d{1,3}: .{1,100} \(UUID: (GPU-[0-9a-f-]{8,40})\)")
_INSTANCE = re.compile(r"\s+MIG ([\w.+]{1,40})\s+Device +\d{1,2}: \(UUID: (MIG-[0-9a-f-]{8,40})\)")


def list_gpus(checkup: Checkup, image: str) -> tuple[Gpu, ...]:
    """List them in the driver's order; none where the container is given none. Raises EngineLostError."""
    request = DeviceRequest(count=-1, capabilities=[["gpu", "utility"]])
    try:
        result = checkup.run_command(image, ["sh", "-c", _LIST], {"device_requests": [request]}, _SECONDS)
    except StartError:
        return ()
    return parse(result.stdout.decode("utf-8", "replace"))


def parse(text: str) -> tuple[Gpu, ...]:
    """Read both lists. A GPU that is split is listed as its instances, because CUDA reaches nothing else of it."""
    whole: dict[str, Gpu] = {}
    instances: dict[str, list[Gpu]] = {}
    last = ""
    for line in text.splitlines()[:_MOST]:
        if match := _GPU.fullmatch(line):
            index, uuid, driver, mebibytes, name = match.groups()
            memory = int(mebibytes) * 2**20 if mebibytes.isdigit() else None
            whole[uuid] = Gpu(uuid, name.strip(), driver, memory, int(index))
        elif match := _HEAD.fullmatch(line):
            last = match[1]
        elif (match := _INSTANCE.fullmatch(line)) and last in whole:
            of = whole[last]
            instance = Gpu(match[2], f"{of.name} MIG {match[1]}", of.driver_version, None, of.index)
            instances.setdefault(last, []).append(instance)
    return tuple(gpu for uuid, each in whole.items() for gpu in instances.get(uuid, [each]))
