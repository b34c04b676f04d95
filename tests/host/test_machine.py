"""Host facts: parsing by literal /proc and /sys texts, and what must never be told."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from orchestrator.host.gpus import Gpu
from orchestrator.host.hardware import Hardware
from orchestrator.host.machine import (
    FILES,
    Machine,
    cpu_model,
    environment_at_end,
    facts_here,
    facts_of,
    memory_bytes,
    this_machine,
    usable,
)
from tests.support.paths import planted

CPUINFO = """\
processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 7763 64-Core Processor
flags\t\t: fpu vme

processor\t: 1
model name\t: AMD EPYC 7763 64-Core Processor
"""


def environment(root: Path = Path("/"), *gpus: Gpu) -> dict[str, str]:
    hardware = Hardware(2, gpus)
    return Machine(hardware, facts_here(hardware, 2**33, root)).environment()


def test_the_cpu_is_named_by_its_first_model_name() -> None:
    assert cpu_model(CPUINFO) == "AMD EPYC 7763 64-Core Processor"


def test_a_cpu_without_a_model_name_has_none() -> None:
    assert cpu_model("processor\t: 0\nCPU implementer\t: 0x41\n") == ""


@pytest.mark.parametrize(
    ("cpus", "limits", "cores", "quota"),
    [
        (8, [], 8, None),
        (8, [2.0], 2, 2.0),
        (8, [3.75, 6.0], 3, 3.75),
        (2, [0.5], 1, 0.5),
        (1, [1.0], 1, None),
        (2, [16.0], 2, None),
    ],
)
def test_cores_follow_the_quota_that_binds(cpus: int, limits: list[float], cores: int, quota: float | None) -> None:
    assert usable(cpus, limits) == (cores, quota)


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert this_machine(tmp_path).hardware.cores == len(os.sched_getaffinity(0))


def test_half_a_core_of_quota_is_one_core_and_told_as_half_of_one(tmp_path: Path) -> None:
    root = planted(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"})
    machine = this_machine(root)
    assert (machine.hardware.cores, machine.hardware.quota, machine.hardware.here) == (1, 0.5, True)
    assert (machine.facts["cpu_cores"], machine.facts["cpu_quota"]) == ("1", "0.5 cores")


def test_memory_is_what_a_control_group_leaves_of_it(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576\n"}
    assert memory_bytes(planted(tmp_path, files)) == 1_048_576


def test_another_machine_is_called_so_and_this_one_is_not() -> None:
    assert Machine(Hardware(2, here=False)).environment()["machine"] == "not the one that bakeoff ran on"
    assert "machine" not in Machine(Hardware(2)).environment()


def test_a_machine_is_described_by_its_files_and_by_no_others() -> None:
    files = {
        "proc/cpuinfo": CPUINFO,
        "proc/loadavg": "0.52 0.58 0.59 1/389 4242\n",
        "proc/meminfo": "SwapTotal: 0 kB\n",
    }
    facts = facts_of({"os": "Alpine"}, Hardware(4, quota=1.5, here=False), 2**31, lambda path: files.get(path, ""))
    assert facts == {
        "os": "Alpine",
        "cpu": "AMD EPYC 7763 64-Core Processor",
        "cpu_cores": "4",
        "cpu_quota": "1.5 cores",
        "memory": "2.0 GiB",
        "swap": "0.0 GiB",
        "load_average": "0.52 0.58 0.59",
    }


def test_every_file_that_is_read_is_one_of_those_that_a_container_is_asked_for() -> None:
    asked: list[str] = []

    def read(path: str) -> str:
        asked.append(path)
        return ""

    facts_of({}, Hardware(1), 0, read)
    assert set(asked) == set(FILES)


def test_the_environment_names_what_explains_a_number(tmp_path: Path) -> None:
    governor = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    root = planted(tmp_path, {"proc/cpuinfo": CPUINFO, governor: "powersave\n"})
    facts = environment(root, Gpu("GPU-1", "NVIDIA H200", "580.65.06", 150_754_820_096, 0))
    assert facts["cpu"] == "AMD EPYC 7763 64-Core Processor"
    assert facts["cpu_governor"] == "powersave"
    assert facts["memory"].endswith(" GiB")
    assert facts["gpu_0"] == "NVIDIA H200, 140.4 GiB (GPU-1)"
    assert facts["nvidia_driver"] == "580.65.06"
    assert facts["date"].endswith("+00:00")
    assert list(facts)[:2] == ["bakeoff", "python"]


def test_a_fact_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    facts = environment(tmp_path)
    assert not {"cpu", "cpu_governor", "gpu_0", "nvidia_driver"} & facts.keys()
    assert all(facts.values())


def test_the_environment_tells_no_host_no_user_and_no_path() -> None:
    told = set(" ".join(environment().values()).split())
    assert not told & {platform.node(), os.environ.get("USER", "")}
    assert not any(word.startswith("/") for word in told)


def test_the_state_of_processor_and_memory_is_told(tmp_path: Path) -> None:
    cpus = "sys/devices/system/cpu/"
    files = {
        "proc/cpuinfo": CPUINFO.replace("fpu vme", "fpu vme hypervisor").replace(
            "processor\t: 1", "microcode\t: 0x1\n"
        ),
        "proc/meminfo": "MemTotal:       24641536 kB\nMemAvailable:   23592960 kB\nSwapTotal:             0 kB\n",
        "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        "sys/devices/system/node/online": "0-1\n",
        f"{cpus}intel_pstate/no_turbo": "1\n",
        f"{cpus}smt/active": "1\n",
        f"{cpus}cpu0/cpufreq/cpuinfo_max_freq": "3500000\n",
    }
    expected = {
        "cpu_boost": "off",
        "cpu_smt": "on",
        "cpu_clock_max": "3500000 kHz",
        "cpu_numa_nodes": "0-1",
        "cpu_microcode": "0x1",
        "hypervisor": "yes",
        "memory_available": "22.5 GiB",
        "swap": "0.0 GiB",
        "transparent_hugepages": "always [madvise] never",
    }
    facts = environment(planted(tmp_path, files))
    assert {name: facts.get(name) for name in expected} == expected


def test_boost_is_told_where_the_kernel_has_it_the_other_way_round(tmp_path: Path) -> None:
    root = planted(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": "1\n"})
    assert environment(root)["cpu_boost"] == "on"


def test_a_gpus_state_stands_beside_its_name(tmp_path: Path) -> None:
    gpu = Gpu("GPU-1", "NVIDIA H200", "580.65.06", None, 0, {"power_cap": "700 W"})
    assert environment(tmp_path, gpu)["gpu_0_power_cap"] == "700 W"


def test_the_load_at_the_end_is_told() -> None:
    assert "load_average_at_end" in environment_at_end()
