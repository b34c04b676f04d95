"""Whether a ratio changed between two runs: an interval of the change, made of the interval of either run."""

from __future__ import annotations

import math

import pytest

from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.ratio_change import RatioChange, ratio_change
from orchestrator.analyse.ratio_verdict import judge, no_claim
from orchestrator.analyse.summary import MetricRatio

SPREAD = (-0.015, -0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.0)
"""Logarithms that eight blocks scatter by."""


def row(middle: float, blocks: int = 8, **changes: object) -> MetricRatio:
    ratios = tuple(middle * math.exp(off) for off in SPREAD[:blocks])
    fields: dict[str, object] = {
        "metric": "throughput",
        "contender": "torch==2.13.0",
        "reference": "tf==2.21.0",
        "recipe": "article-torch",
        "ratios": ratios,
        "verdict": judge(ratios, ClaimRule()),
    }
    return MetricRatio.model_validate(fields | changes)


def changed(before: MetricRatio, after: MetricRatio, *, until_decided: bool = False) -> RatioChange:
    rule = ClaimRule(until_decided=until_decided)
    return ratio_change(before, after, (rule, rule))


def test_the_arms_of_both_intervals_add_by_their_squares() -> None:
    found = changed(row(0.80), row(0.88))
    middle = signed_rank.estimate(SPREAD)
    low, high = signed_rank.interval(SPREAD, ClaimRule().rank(8))
    down, up = (math.hypot(middle - low, high - middle),) * 2
    assert found.interval == pytest.approx((1.1 * math.exp(-down), 1.1 * math.exp(up)))
    assert found.level == pytest.approx(0.95)
    assert found.change == pytest.approx(1.1)


def test_an_arm_that_is_long_on_one_side_is_long_on_that_side_of_the_change() -> None:
    ratios = tuple(0.88 * math.exp(off) for off in (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.001, 0.2))
    after = row(0.88, ratios=ratios, verdict=judge(ratios, ClaimRule()))
    found = changed(row(0.80), after)
    assert found.interval is not None
    assert found.change is not None
    assert found.interval[1] / found.change > found.change / found.interval[0]


@pytest.mark.parametrize(
    ("after", "verdict", "words", "agrees"),
    [
        (0.88, "grew", "the ratio grew by 10.0 % [+8.", False),
        (0.72, "fell", "the ratio fell by 10.0 % [−11.", False),
        (0.80, "no-change", "no change of 3 % or more [−1.", True),
    ],
)
def test_one_interval_gives_one_verdict_in_fixed_words(after: float, verdict: str, words: str, agrees: bool) -> None:
    found = changed(row(0.80), row(after))
    assert found.verdict == verdict
    assert found.words.startswith(words)
    assert found.agrees is agrees


def test_a_wide_interval_around_1_decides_nothing() -> None:
    ratios = tuple(0.82 * math.exp(5 * off) for off in SPREAD)
    found = changed(row(0.80), row(0.82, ratios=ratios, verdict=judge(ratios, ClaimRule())))
    assert found.verdict == "not-decided"
    assert found.words.startswith("not decided: no change is shown, and none of 3 % is ruled out [−")
    assert found.agrees


def test_exchanging_the_runs_exchanges_the_words() -> None:
    one, other = changed(row(0.80), row(0.88)), changed(row(0.88), row(0.80))
    assert one.interval is not None
    assert other.interval == pytest.approx((1 / one.interval[1], 1 / one.interval[0]))
    assert other.verdict == "fell"


@pytest.mark.parametrize(("blocks", "verdict"), [(5, "no-claim"), (6, "grew")])
def test_six_blocks_in_each_run_are_the_fewest(blocks: int, verdict: str) -> None:
    found = changed(row(0.80, blocks), row(0.88, blocks))
    assert found.verdict == verdict
    if verdict == "no-claim":
        assert found.words == "no claim: 5 and 5 blocks; an interval of the change needs 6 in each run"
        assert (found.interval, found.agrees) == (None, None)


def test_several_changes_share_the_error_and_need_more_blocks() -> None:
    rule = ClaimRule(comparisons=2)
    found = ratio_change(row(0.80, 6), row(0.88, 6), (rule, rule))
    assert found.words == "no claim: 6 and 6 blocks; an interval of the change needs 7 in each run"
    assert found.level == pytest.approx(0.975)


def test_one_run_of_few_blocks_is_enough_for_no_claim() -> None:
    single = row(0.80, 1)
    found = changed(single, row(0.88))
    assert found.words.startswith("no claim: 1 and 8 blocks;")
    assert found.change == pytest.approx(1.1, rel=0.02)


def test_what_a_run_does_not_claim_is_not_claimed_of_two() -> None:
    ratios = row(0.80).ratios
    short = row(0.80, verdict=no_claim(ratios, ClaimRule(), "too short to time (2 epochs, 0.3 s)"))
    found = changed(short, row(0.88))
    assert found.words == "no claim: too short to time (2 epochs, 0.3 s)"
    assert found.verdict == "no-claim"


def test_a_run_that_looked_is_judged_by_the_table_of_looks() -> None:
    fixed, looked = changed(row(0.80), row(0.88)), changed(row(0.80), row(0.88), until_decided=True)
    assert fixed.interval is not None
    assert looked.interval is not None
    assert looked.interval[0] < fixed.interval[0]
    assert looked.interval[1] > fixed.interval[1]


def test_a_run_before_its_first_look_has_no_interval() -> None:
    found = changed(row(0.80, 7), row(0.88, 7), until_decided=True)
    assert found.words == "no claim: 7 and 7 blocks; an interval of the change needs 8 in each run"
