"""GPUs of another machine, by what `nvidia-smi` prints in a container there."""

from __future__ import annotations

import pytest

from orchestrator.engines.docker.gpu_listing import parse
from orchestrator.host.gpus import Gpu

ONE, TWO = "GPU-5d2f8a1e-7f1c-4b1a-9a53-0c6b6f0f1a11", "GPU-9b1e7c44-2a6d-4a0f-8a0e-d0c4f7b5e222"
PART = "MIG-1f3c9a10-6d8e-5b2f-b0a1-3c1d2e4f5a66"
TABLE = f"0, {ONE}, 580.65.06, 81559, NVIDIA H100 80GB HBM3\n1, {TWO}, 580.65.06, 16384, Tesla T4\n"
LIST = f"GPU 0: NVIDIA H100 80GB HBM3 (UUID: {ONE})\nGPU 1: Tesla T4 (UUID: {TWO})\n"
SPLIT = (
    f"GPU 0: NVIDIA H100 80GB HBM3 (UUID: {ONE})\n"
    f"  MIG 1g.10gb     Device  0: (UUID: {PART})\n"
    f"GPU 1: Tesla T4 (UUID: {TWO})\n"
)


def test_each_gpu_has_its_index_memory_and_driver() -> None:
    assert parse(TABLE + LIST) == (
        Gpu(ONE, "NVIDIA H100 80GB HBM3", "580.65.06", 81559 * 2**20, 0),
        Gpu(TWO, "Tesla T4", "580.65.06", 16384 * 2**20, 1),
    )


def test_a_split_gpu_is_listed_as_its_instances() -> None:
    first, second = parse(TABLE + SPLIT)
    assert (first.uuid, first.name, first.index) == (PART, "NVIDIA H100 80GB HBM3 MIG 1g.10gb", 0)
    assert second.uuid == TWO


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        "sh: 1: nvidia-smi: not found\n",
        f"0, {ONE}, 580.65.06, 81559, \x1b[31mred\n",
        f"  MIG 1g.10gb     Device  0: (UUID: {PART})\n",
        f"0, {ONE}; reboot, 580, 1, x\n",
    ],
)
def test_what_is_no_list_lists_nothing(text: str) -> None:
    assert parse(text) == ()
