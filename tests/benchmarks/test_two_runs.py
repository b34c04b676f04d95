"""Two runs in which nothing differs: told apart by speeds wherever the machine wanders, by ratios as seldom as said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.calibration_scenarios import SCENARIOS
from benchmarks.two_runs import _intervals, by_ratio, by_speeds, rows, two_runs
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.ratio_change import ratio_change
from orchestrator.analyse.ratio_verdict import judge
from orchestrator.analyse.summary import MetricRatio

WANDERS = next(each for each in SCENARIOS if each.name.startswith("random walk"))


def test_speeds_of_two_runs_differ_on_a_machine_that_wanders_and_their_ratio_does_not() -> None:
    first, second = two_runs(WANDERS, np.random.default_rng(2), 2_000)
    assert by_speeds(first, second) > 60
    assert by_ratio(first, second) < 6.2


def test_the_ratio_errs_as_seldom_as_said_on_every_kind_of_machine() -> None:
    found = rows(SCENARIOS, 2_000)
    assert len(found) == 19
    assert max(max(same_hour, quiet_hour) for _, _, same_hour, quiet_hour in found) < 6.2
    assert max(speeds for _, speeds, _, _ in found) > 95


def test_the_benchmark_judges_as_the_product_does() -> None:
    first, second = (run[..., 0] - run[..., 1] for run in two_runs(WANDERS, np.random.default_rng(3), 200))
    claimed = 0
    for one, other in zip(first, second, strict=True):
        before, after = (_row(logs) for logs in (one, other))
        found = ratio_change(before, after, (ClaimRule(), ClaimRule()))
        middle, low, high = (float(each[0]) for each in _intervals(one[None]))
        later, later_low, later_high = (float(each[0]) for each in _intervals(other[None]))
        ends = (math.hypot(later - later_low, high - middle), math.hypot(later_high - later, middle - low))
        expected = (math.exp(later - middle - ends[0]), math.exp(later - middle + ends[1]))
        assert found.interval == pytest.approx(expected)
        claimed += not found.agrees
    assert claimed / 2 == by_ratio(*two_runs(WANDERS, np.random.default_rng(3), 200))


def _row(logs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> MetricRatio:
    ratios = tuple(math.exp(value) for value in logs)
    verdict = judge(ratios, ClaimRule())
    return MetricRatio(metric="throughput", contender="b", reference="a", recipe="r", ratios=ratios, verdict=verdict)
