"""What is said of the machine itself: by the sentinel, and by counters of heat."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.machine_findings import MACHINE_CHECKS
from orchestrator.record.sentinel import SentinelReading

STEADY = [0.250, 0.252, 0.249, 0.251, 0.250, 0.253, 0.248, 0.251, 0.250, 0.249, 0.252, 0.250]
COUNT = "cpu_throttle_count"


def told(seconds: Sequence[float] = (), host: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    readings = [SentinelReading(run=run, seed=1, seconds=each) for run, each in enumerate(seconds, start=1)]
    run = CheckInput([], cores=2, sentinel=readings, host=host)
    return {found.id: found.message for check in MACHINE_CHECKS for found in check(run)}


def test_of_a_steady_machine_nothing_is_told() -> None:
    assert told(STEADY) == {}
    assert told([0.2, 0.4, 0.8]) == {}  # too few to tell


def test_a_drift_is_told_with_its_size_and_direction() -> None:
    rising = [each * (1 + 0.02 * number) for number, each in enumerate(STEADY)]
    assert told(rising) == {
        "sentinel-drift": "The machine itself became slower: the sentinel between blocks drifted by 22 %."
    }
    assert "became faster" in told(rising[::-1])["sentinel-drift"]


def test_a_step_is_told_with_the_block_that_it_came_before() -> None:
    stepped = [0.250, 0.252, 0.249, 0.251, *(1.1 * each for each in STEADY[4:])]
    assert told(sorted(stepped[:4], reverse=True) + sorted(stepped[4:], reverse=True)) == {
        "sentinel-jump": "The machine itself was slower by 10 % from block 5 on, by the sentinel."
    }


def test_single_readings_far_above_the_rest_are_named() -> None:
    disturbed = [*STEADY[:4], 0.402, *STEADY[5:9], 0.35, *STEADY[10:]]
    message = "The sentinel took up to 60 % longer than its median before blocks 5, 10."
    assert told(disturbed) == {"sentinel-jump": message}


@pytest.mark.parametrize("scatter", [0.02, 0.05])
def test_of_independent_scatter_few_series_are_told(scatter: float) -> None:
    lots = random.Random(5)
    runs = 500
    found = sum(bool(told([lots.gauss(1, scatter) for _ in range(12)])) for _ in range(runs))
    assert found <= 0.06 * runs


def test_processors_that_were_slowed_during_the_run_are_told() -> None:
    assert "too hot" in told(host={COUNT: "10", f"{COUNT}_at_end": "13"})["throttled"]
    assert told(host={COUNT: "10", f"{COUNT}_at_end": "10"}) == {}
    assert told(host={COUNT: "10"}) == {}
    assert told(host={COUNT: "10", f"{COUNT}_at_end": "2"}) == {}  # started anew meanwhile, as by a resumed run
    assert told(host={COUNT: "ten", f"{COUNT}_at_end": "1e3"}) == {}


def test_a_gpu_that_heat_held_back_is_told_with_its_seconds() -> None:
    facts = {"gpu_0": "NVIDIA H100", "gpu_0_thermal_slowdown": "1.500 s", "gpu_0_thermal_slowdown_at_end": "4.000 s"}
    assert told(host=facts) == {"throttled": "GPU 0 was slowed: too hot for 2.5 s."}
    assert told(host={**facts, "gpu_0_thermal_slowdown_at_end": "1.500 s"}) == {}


def test_a_gpu_with_a_reason_of_trouble_is_told_and_a_power_cap_is_none() -> None:
    assert told(host={"gpu_1_clock_limits": "power cap", "gpu_1_clock_limits_at_end": "power brake, power cap"}) == {
        "throttled": "GPU 1 was slowed: power brake."
    }
    assert told(host={"gpu_1_clock_limits": "idle", "gpu_1_clock_limits_at_end": "power cap, clocks set"}) == {}
