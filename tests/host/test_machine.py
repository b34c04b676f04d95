"""Host facts: parsing by literal /proc and /sys texts, and what must never be told."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from orchestrator.host.gpus import Gpu
from orchestrator.host.machine import (
    cores,
    cpu_model,
    environment,
    environment_at_end,
    memory_bytes,
    parse_cgroups,
    parse_quota_v1,
    parse_quota_v2,
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

V1 = """\
4:memory:/docker/abc
3:cpuset:/docker/abc
2:cpu,cpuacct:/docker/abc
1:name=systemd:/docker/abc
0::/system.slice
"""


def test_the_cpu_is_named_by_its_first_model_name() -> None:
    assert cpu_model(CPUINFO) == "AMD EPYC 7763 64-Core Processor"


def test_a_cpu_without_a_model_name_has_none() -> None:
    assert cpu_model("processor\t: 0\nCPU implementer\t: 0x41\n") == ""


def test_control_groups_are_read_by_controller() -> None:
    found = parse_cgroups(V1)
    assert (found["cpu"], found["cpuacct"], found[""]) == ("/docker/abc", "/docker/abc", "/system.slice")


@pytest.mark.parametrize(("text", "quota"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("", None)])
def test_a_quota_of_version_two_is_cores(text: str, quota: float | None) -> None:
    assert parse_quota_v2(text) == quota


@pytest.mark.parametrize(("quota_us", "quota"), [("200000\n", 2.0), ("-1\n", None), ("", None)])
def test_a_quota_of_version_one_is_cores(quota_us: str, quota: float | None) -> None:
    assert parse_quota_v1(quota_us, "100000\n") == quota


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert cores(tmp_path) == len(os.sched_getaffinity(0))


def test_half_a_core_of_quota_is_still_one_core(tmp_path: Path) -> None:
    root = planted(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"})
    assert cores(root) == 1


def test_a_limit_on_a_parent_group_binds(tmp_path: Path) -> None:
    root = planted(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/session\n",
            "sys/fs/cgroup/user.slice/cpu.max": "100000 100000\n",
            "sys/fs/cgroup/user.slice/session/cpu.max": "max 100000\n",
        },
    )
    assert cores(root) == 1


def test_a_group_named_as_the_host_sees_it_is_looked_for_at_the_mount(tmp_path: Path) -> None:
    root = planted(
        tmp_path,
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n",
        },
    )
    assert cores(root) == 1
    assert memory_bytes(root) == 1_048_576


def test_the_number_that_means_no_memory_limit_is_none(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}
    assert memory_bytes(planted(tmp_path / "unlimited", files)) == memory_bytes(tmp_path / "bare")


def test_the_environment_names_what_explains_a_number(tmp_path: Path) -> None:
    governor = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    root = planted(tmp_path, {"proc/cpuinfo": CPUINFO, governor: "powersave\n"})
    facts = environment([Gpu("GPU-1", "NVIDIA H200", "580.65.06", 150_754_820_096, 0)], root=root)
    assert facts["cpu"] == "AMD EPYC 7763 64-Core Processor"
    assert facts["cpu_governor"] == "powersave"
    assert facts["memory"].endswith(" GiB")
    assert facts["gpu_0"] == "NVIDIA H200, 140.4 GiB (GPU-1)"
    assert facts["nvidia_driver"] == "580.65.06"
    assert facts["date"].endswith("+00:00")
    assert list(facts)[:2] == ["bakeoff", "python"]


def test_a_fact_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    facts = environment(root=tmp_path)
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
    facts = environment(root=planted(tmp_path, files))
    assert {name: facts.get(name) for name in expected} == expected


def test_boost_is_told_where_the_kernel_has_it_the_other_way_round(tmp_path: Path) -> None:
    root = planted(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": "1\n"})
    assert environment(root=root)["cpu_boost"] == "on"


def test_a_gpus_state_stands_beside_its_name(tmp_path: Path) -> None:
    gpu = Gpu("GPU-1", "NVIDIA H200", "580.65.06", None, 0, {"power_cap": "700 W"})
    assert environment([gpu], root=tmp_path)["gpu_0_power_cap"] == "700 W"


def test_the_load_at_the_end_is_told() -> None:
    assert "load_average_at_end" in environment_at_end()
