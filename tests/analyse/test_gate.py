"""A gate's verdict: where an interval lies against the margin, and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.gate import check_blocks, judge_accuracy, judge_ratio, overall
from orchestrator.analyse.ratio_verdict import judge
from orchestrator.errors import UsageError
from orchestrator.spec.budget import Budget

FIXED, LOOKED = ClaimRule(), ClaimRule(until_decided=True)
NEAR = [0.999, 1.001, 0.998, 1.002, 0.9995, 1.0005, 1.0, 1.0015]


def shifted(factor: float) -> list[float]:
    return [factor * ratio for ratio in NEAR]


@pytest.mark.parametrize(
    ("metric", "margin", "factor", "verdict", "where"),
    [
        ("throughput", "-3%", 1.0, "pass", "is above −3%"),
        ("throughput", "-3%", 0.98, "pass", "is above −3%"),
        ("throughput", "-3%", 0.97, "undecided", "holds −3%"),
        ("throughput", "-3%", 0.96, "fail", "is below −3%"),
        ("peak_memory", "+5%", 1.0, "pass", "is below +5%"),
        ("peak_memory", "+5%", 1.05, "undecided", "holds +5%"),
        ("peak_memory", "+5%", 1.06, "fail", "is above +5%"),
    ],
)
def test_the_side_of_the_whole_interval_decides(
    metric: str, margin: str, factor: float, verdict: str, where: str
) -> None:
    found = judge_ratio(metric, shifted(factor), margin, LOOKED)  # type: ignore[arg-type]
    assert (found.verdict, found.blocks) == (verdict, 8)
    assert found.words.endswith(f"over 8 blocks: the interval {where}")


def test_a_slowdown_that_is_real_and_within_the_margin_passes() -> None:
    slower = shifted(0.98)
    assert judge(slower, LOOKED).verdict == "lower"
    assert judge_ratio("throughput", slower, "-3%", LOOKED).verdict == "pass"


def test_a_difference_that_is_not_significant_is_no_pass() -> None:
    wide = [0.9, 1.1, 0.92, 1.08, 0.95, 1.05, 0.97, 1.03]
    assert judge(wide, LOOKED).verdict == "not-decided"
    assert judge_ratio("throughput", wide, "-3%", LOOKED).verdict == "undecided"


@pytest.mark.parametrize(
    ("difference", "verdict"), [(0.0, "pass"), (-0.004, "pass"), (-0.005, "undecided"), (-0.01, "fail"), (0.1, "pass")]
)
def test_accuracy_is_a_difference_in_points(difference: float, verdict: str) -> None:
    found = judge_accuracy([difference] * 8, "-0.5 points", LOOKED)
    assert (found.verdict, found.bound) == (verdict, -0.005)
    assert found.estimate == pytest.approx(difference)
    assert "points [" in found.words


@pytest.mark.parametrize(
    ("rule", "needed"), [(FIXED, 6), (LOOKED, 8), (ClaimRule(3), 7), (ClaimRule(4, until_decided=True), 12)]
)
def test_too_few_blocks_are_undecided_and_say_how_many_it_takes(rule: ClaimRule, needed: int) -> None:
    found = judge_ratio("throughput", shifted(2.0)[: needed - 1], "-3%", rule)
    assert (found.verdict, found.interval) == ("undecided", None)
    assert found.words.endswith(f"an interval needs {needed}")


def test_what_was_run_after_a_look_does_not_count() -> None:
    late = [*NEAR, 0.1, 0.1, 0.1]
    assert judge_ratio("throughput", late, "-3%", LOOKED) == judge_ratio("throughput", NEAR, "-3%", LOOKED)


def test_a_reason_against_any_verdict_stands_in_its_place() -> None:
    found = judge_ratio("throughput", NEAR, "-3%", LOOKED, "too short to time")
    assert (found.verdict, found.interval, found.words) == ("undecided", None, "too short to time")
    assert found.estimate == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("verdicts", "all_together"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "undecided"], "undecided"),
        (["pass", "undecided", "fail"], "fail"),
        ([], "undecided"),
    ],
)
def test_one_failure_fails_and_only_passes_pass(verdicts: list[str], all_together: str) -> None:
    assert overall(verdicts) == all_together  # type: ignore[arg-type]


@given(st.lists(st.floats(0.5, 2.0), min_size=8, max_size=30), st.floats(1, 50), st.integers(1, 5))
def test_an_interval_that_holds_the_margin_never_decides(ratios: list[float], percent: float, metrics: int) -> None:
    margin = f"-{percent:.3f}%"
    found = judge_ratio("throughput", ratios, margin, ClaimRule(metrics, until_decided=True))
    assert found.bound == pytest.approx(1 - float(f"{percent:.3f}") / 100)
    if found.interval is None:
        assert found.verdict == "undecided"
        return
    low, high = map(math.log, found.interval)
    expected = "pass" if low > math.log(found.bound) else "fail" if high < math.log(found.bound) else "undecided"
    assert found.verdict == expected


def test_fewer_blocks_than_any_verdict_takes_are_refused_beforehand() -> None:
    budget = Budget.model_validate(
        {
            "reference": "tf",
            "candidate": "torch",
            "recipe": "matched",
            "max_blocks": 8,
            "throughput": {"margin": "-3%"},
        }
    )
    check_blocks(budget)
    both = budget.replace(peak_memory={"margin": "+5%"})
    with pytest.raises(
        UsageError, match="8 blocks are too few for a budget of 2 metrics: the first interval is that of 12"
    ):
        check_blocks(both)
