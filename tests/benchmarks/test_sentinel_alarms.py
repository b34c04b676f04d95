"""The benchmark of the sentinel's findings: quiet on a steady machine, told of one that changes."""

from __future__ import annotations

from benchmarks.sentinel_alarms import readings, share


def test_a_steady_machine_is_seldom_told_of_and_one_that_steps_nearly_always() -> None:
    assert share(0.02, series=200) < 2
    assert share(0.02, series=200, step=0.2) > 95


def test_the_same_seed_is_the_same_series() -> None:
    assert readings(1, 0.05) == readings(1, 0.05) != readings(2, 0.05)
