"""Control groups by literal texts of /proc and /sys, of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.cgroups import memory_limits, parse_groups, parse_quota, quotas
from shared.facts import common
from tests.support.paths import planted

V1 = """\
4:memory:/docker/abc
3:cpuset:/docker/abc
2:cpu,cpuacct:/docker/abc
1:name=systemd:/docker/abc
0::/system.slice
"""


def test_control_groups_are_read_by_controller() -> None:
    found = parse_groups(V1)
    assert (found["cpu"], found["cpuacct"], found[""]) == ("/docker/abc", "/docker/abc", "/system.slice")


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("150000 100000\n", 1.5),
        ("50000 100000", 0.5),
        ("max 100000\n", None),
        ("-1 100000", None),
        ("", None),
        ("1 0", None),
    ],
)
def test_a_quota_and_its_period_are_cores(text: str, quota: float | None) -> None:
    assert parse_quota(text) == quota


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert (quotas(tmp_path), memory_limits(tmp_path)) == ([], [])


def test_a_limit_on_a_parent_group_is_found(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user.slice/session\n",
        "sys/fs/cgroup/user.slice/cpu.max": "100000 100000\n",
        "sys/fs/cgroup/user.slice/session/cpu.max": "max 100000\n",
    }
    assert quotas(planted(tmp_path, files)) == [1.0]


def test_a_group_named_as_the_host_sees_it_is_looked_for_at_the_mount(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": V1,
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n",
    }
    root = planted(tmp_path, files)
    assert quotas(root) == [0.5]
    assert memory_limits(root) == [1_048_576]
    assert common(False, root, {})["cpu_quota"] == "0.5 cores"


def test_a_worker_tells_of_no_quota_where_none_is_set_and_of_nothing_where_it_cannot_know(tmp_path: Path) -> None:
    free = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}
    assert common(False, planted(tmp_path / "free", free), {})["cpu_quota"] == "none"
    assert "cpu_quota" not in common(False, tmp_path / "bare", {})


def test_the_number_that_means_no_memory_limit_is_none(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}
    assert memory_limits(planted(tmp_path, files)) == []
