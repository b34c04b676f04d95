"""The options that every container is created with: its restrictions, volumes, variables and GPU. Pure.

The flags were found to let PyTorch and TensorFlow train on the CPU; see docs/architecture.md.
A contender that needs more rights does not get them silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

USER = "10001:10001"

_ENVIRONMENT = {
    # Frameworks write caches; the root file system is read-only and the user has no home. All get all of these, so
    # that no contender's surroundings differ.
    "HOME": "/tmp",
    "USER": "bench",
    "TMPDIR": "/tmp",
    "XDG_CACHE_HOME": "/tmp/.cache",
    "CUDA_CACHE_PATH": "/tmp/.nv",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor",
    "TRITON_CACHE_DIR": "/tmp/triton",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "PYTHONDONTWRITEBYTECODE": "1",
    "BAKEOFF_DATA": "/data",
    "BAKEOFF_OUT": "/out",
}


def restrictions(memory_bytes: int, relax: Sequence[str] = ()) -> dict[str, Any]:
    """Return the SDK's arguments for an unprivileged container without network or writable root.

    `memory_bytes` bounds memory and swap together: a trial that swaps measures the disk. `relax` has words of
    `orchestrator.spec.contenders`.
    """
    return {
        "user": USER,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "network_mode": "none",
        "init": True,  # reaps children, and lets SIGTERM end a worker that has no handler
        "ipc_mode": "private",
        "shm_size": "1g",  # Docker's 64 MB end in SIGBUS
        "pids_limit": 4096,  # TensorFlow aborts below some tens, growing with cores
        "mem_limit": memory_bytes,
        "memswap_limit": memory_bytes,
        # Docker adds noexec to a tmpfs by itself; said here so that it is seen.
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,{'exec' if 'tmp-exec' in relax else 'noexec'},size=1g,mode=1777"},
        # 4,096 files: a container may not be given more than the engine itself has, and some have little.
        "ulimits": [Ulimit(name="core", soft=0, hard=0), Ulimit(name="nofile", soft=4096, hard=4096)],
        # What an image may ask for and must not get: a command that the engine runs beside the worker, a signal of
        # its own choice for our stop.
        "healthcheck": {"test": ["NONE"]},
        "stop_signal": "SIGTERM",
        # Ours, so that a host's rotation cannot eat the live feed; the record is the file in /out.
        "log_config": LogConfig(type=LogConfig.types.JSON, config={"max-size": "64m", "max-file": "4"}),
    }


def mounts(data_volume: str, out_volume: str, declared: Iterable[str] = ()) -> list[Mount]:
    """Return the volumes of a worker. `declared` are the image's own VOLUME paths.

    For each of those the engine would make a volume that can be written and outlives its container. An empty tmpfs
    that cannot be written takes its place.
    """
    ours = [
        Mount("/data", data_volume, type="volume", read_only=True),
        Mount("/out", out_volume, type="volume"),
    ]
    taken = ("/data", "/out", "/tmp")
    return [
        *ours,
        *(Mount(each, None, type="tmpfs", read_only=True) for each in sorted(declared) if each not in taken),
    ]


def standard_input(listens: bool) -> dict[str, Any]:
    """Return the SDK's arguments that keep a worker's standard input open, also while no host is attached to it.

    Without `detach` the SDK asks for an input that ends with the first client that leaves.
    """
    return {"stdin_open": True, "detach": True} if listens else {}


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {**_ENVIRONMENT, **variables}


def gpu_request(uuid: str, discovered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the SDK's arguments that give one GPU, by UUID: indices change with reboots and MIG.

    Engines since 28.2 list CDI devices; where this GPU is among them, CDI is asked, which also
    works on hosts that no longer have the legacy hook.
    """
    named = f"nvidia.com/gpu={uuid}"
    if any(device.get("Source") == "cdi" and device.get("ID", device.get("Name")) == named for device in discovered):
        return {"device_requests": [DeviceRequest(driver="cdi", device_ids=[named])]}
    capabilities = [["gpu", "compute", "utility"]]
    return {"device_requests": [DeviceRequest(device_ids=[uuid], capabilities=capabilities)]}
