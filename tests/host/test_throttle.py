"""Thermal counters, by a planted /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.host.throttle import AT_END, throttle_count, throttle_facts


def plant(root: Path, cpu: int, core: str, package: str) -> None:
    folder = root / f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle"
    folder.mkdir(parents=True)
    (folder / "core_throttle_count").write_text(core)
    (folder / "package_throttle_count").write_text(package)
    (folder / "core_throttle_total_time_ms").write_text("99\n")


def test_cores_and_packages_are_counted_together(tmp_path: Path) -> None:
    plant(tmp_path, 0, "3\n", "10\n")
    plant(tmp_path, 11, "0\n", "10\n")
    (tmp_path / "sys/devices/system/cpu/cpufreq").mkdir()
    assert throttle_count(tmp_path) == 23
    assert throttle_facts(tmp_path, AT_END) == {"cpu_throttle_count_at_end": "23"}


def test_a_machine_that_never_was_too_hot_counts_nought(tmp_path: Path) -> None:
    plant(tmp_path, 0, "0\n", "0\n")
    assert throttle_facts(tmp_path) == {"cpu_throttle_count": "0"}


@pytest.mark.parametrize("core", ["", "many\n", "-1\n"])
def test_where_nobody_counts_nothing_is_made_up(tmp_path: Path, core: str) -> None:
    assert throttle_facts(tmp_path) == {}
    plant(tmp_path, 0, core, core)
    assert throttle_count(tmp_path) is None
