"""The error rates of a gate, in small, and their place in docs/gate.md."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import gate_errors
from benchmarks.calibration_rules import block_ratios
from benchmarks.calibration_scenarios import SCENARIOS
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.gate import judge_ratio
from orchestrator.spec.interim_schedule import LOOKS


@pytest.mark.parametrize("metrics", gate_errors.METRICS)
def test_a_candidate_at_its_margin_is_seldom_passed_or_failed(metrics: int) -> None:
    found = gate_errors.worst(metrics, np.random.default_rng(5), 400)
    assert found.false_pass <= 6.5  # at most 2.5 % each is expected; the worst of nineteen of 400 sessions
    assert found.false_fail <= 6.5


def test_the_simulated_rule_is_the_products() -> None:
    lots, bound = np.random.default_rng(6), math.log1p(gate_errors.MARGIN)
    for metrics in (1, 3):
        rule = ClaimRule(metrics, until_decided=True)
        for scenario in SCENARIOS[::4]:
            ratios = block_ratios(scenario, lots, 20)[..., 0] + lots.choice([0.0, bound, 2 * bound], (20, 1))
            passed, failed = gate_errors.judge(ratios, bound, metrics)
            for row, good, bad in zip(ratios, passed, failed, strict=True):
                looked = [judge_ratio("throughput", np.exp(row[:look]).tolist(), "-3%", rule) for look in LOOKS]
                first = next((each.verdict for each in looked if each.verdict != "undecided"), "undecided")
                assert first == ("pass" if good else "fail" if bad else "undecided")


def test_a_rule_that_takes_not_significant_for_a_pass_is_caught() -> None:
    rates = gate_errors.Rates(1, false_pass=97.0, false_fail=2.0)
    assert not rates.holds
    assert "**no**" in gate_errors.table([rates], {}, 400, 5)


def test_the_page_has_a_place_for_the_table_and_a_table() -> None:
    text = gate_errors.DOCUMENT.read_text(encoding="utf-8")
    assert gate_errors.page(text, "nothing") != text
    assert text.count("| yes |") == len(gate_errors.METRICS)
    with pytest.raises(ValueError, match="has no place"):
        gate_errors.page("", "nothing")
