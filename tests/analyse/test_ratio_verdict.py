"""One interval, one verdict, in fixed words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.ratio_verdict import DURATION, SIZE, RatioVerdict, judge, no_claim
from orchestrator.spec.interim_schedule import LOOKS

FIXED, LOOKING = ClaimRule(), ClaimRule(until_decided=True)
OPPOSITE = {"higher": "lower", "lower": "higher"}

ratios = st.lists(st.floats(-0.3, 0.3).map(math.exp), min_size=6, max_size=30)


def between(low: float, high: float, blocks: int = 12) -> list[float]:
    """Return ratios whose interval of 95 %, over 6 or 12 blocks, is [low, high]: half lie here and half there."""
    return [low, high] * (blocks // 2)


def said(values: Sequence[float], rule: ClaimRule = FIXED, block_seconds: float | None = None) -> str:
    return judge(values, rule, block_seconds=block_seconds).words


def test_an_interval_above_1_is_faster() -> None:
    found = judge(between(1.022, 1.06), FIXED)
    assert (found.verdict, found.decided) == ("higher", True)
    assert found.words == "faster by 4.1 % [2.2, 6.0]"
    assert found.interval == pytest.approx((1.022, 1.06))
    assert (found.blocks, found.level, found.margin) == (12, 0.95, 0.03)


def test_an_interval_below_1_is_slower_by_what_is_lost() -> None:
    found = judge(between(0.94, 0.978), FIXED)
    assert (found.verdict, found.words) == ("lower", "slower by 4.1 % [2.2, 6.0]")


def test_seconds_are_longer_and_bytes_are_larger() -> None:
    assert judge(between(1.022, 1.06), FIXED, terms=DURATION).words == "longer by 4.1 % [2.2, 6.0]"
    assert judge(between(0.94, 0.978), FIXED, terms=DURATION).words == "shorter by 4.1 % [2.2, 6.0]"
    assert judge(between(1.022, 1.06), FIXED, terms=SIZE).words == "larger by 4.1 % [2.2, 6.0]"
    assert judge(between(0.94, 0.978), FIXED, terms=SIZE).words == "smaller by 4.1 % [2.2, 6.0]"


def test_a_difference_within_the_margin_is_called_small() -> None:
    assert said(between(1.01, 1.025)) == "faster by 1.7 % [1.0, 2.5], less than the margin of 3 %"
    assert said(between(0.975, 0.99)) == "slower by 1.8 % [1.0, 2.5], less than the margin of 3 %"


def test_a_difference_below_1_percent_may_be_the_builds() -> None:
    assert said(between(1.0005, 1.0081)) == (
        "faster by 0.43 % [0.05, 0.81], less than the margin of 3 % and too small to hold for another machine or build"
    )
    assert said(between(1.001, 1.014), ClaimRule(margin=0.01)) == (
        "faster by 0.75 % [0.10, 1.40], too small to hold for another machine or build"
    )


def test_many_times_as_fast_has_no_decimals() -> None:
    assert said(between(5.9, 6.9)) == "faster by 538 % [490, 590]"


def test_an_interval_within_the_margin_shows_that_there_is_no_difference_of_it() -> None:
    found = judge(between(0.989, 1.019), FIXED)
    assert (found.verdict, found.decided) == ("no-difference", True)
    assert found.words == "no difference of 3 % or more [−1.1, +1.9]"


def test_the_margin_below_1_is_the_inverse_of_that_above() -> None:
    assert judge(between(1 / 1.0299, 1.0299), FIXED).verdict == "no-difference"
    assert judge(between(1 / 1.0301, 1.0299), FIXED).verdict == "not-decided"
    assert judge(between(1 / 1.0299, 1.0301), FIXED).verdict == "not-decided"


def test_what_is_not_decided_comes_with_the_blocks_and_minutes_that_would_decide() -> None:
    found = judge(between(0.988, 1.036), FIXED, block_seconds=40)
    assert (found.verdict, found.decided, found.more_blocks) == ("not-decided", False, 9)
    assert found.words == (
        "not decided [−1.2, +3.6]: about 9 more blocks, some 6 minutes, would show a difference of 3 %"
    )


@pytest.mark.parametrize(
    ("block_seconds", "forecast"),
    [
        (None, "about 9 more blocks would"),
        (5, "about 9 more blocks, a minute, would"),
        (800, "about 9 more blocks, some 120 minutes, would"),
        (1000, "about 9 more blocks, some 3 hours, would"),
    ],
)
def test_a_forecast_of_time_is_as_coarse_as_it_is_known(block_seconds: float | None, forecast: str) -> None:
    assert forecast in said(between(0.988, 1.036), FIXED, block_seconds)


def test_one_more_block_is_one_block() -> None:
    assert "about 1 more block would show" in said(between(0.9999, 1.0305))


def test_with_looks_the_forecast_is_the_next_look_that_may_decide() -> None:
    found = judge([*between(0.988, 1.036), 1.0, 1.0], LOOKING)
    assert (found.blocks, found.more_blocks) == (12, 11)
    assert found.words == "not decided [−1.2, +3.6]: about 11 more blocks would show a difference of 3 %"


def test_after_the_last_look_it_is_said_what_is_found_here() -> None:
    found = judge(between(0.97, 1.08, 30), LOOKING)
    assert (found.verdict, found.decided, found.more_blocks) == ("cannot-be-decided", False, None)
    assert found.words == (
        "cannot be decided here: trials of the same contender scatter by 9 %; 30 blocks find differences from 9.6 % on."
        " Quieter machine, longer epochs, or a wider --margin"
    )


def test_a_fixed_run_of_30_blocks_can_go_on() -> None:
    values = [1.01**at for at in range(-15, 15)]
    assert judge(values, FIXED).verdict == "not-decided"
    assert judge(values, LOOKING).verdict == "cannot-be-decided"


@pytest.mark.parametrize(
    ("blocks", "rule", "words"),
    [
        (0, FIXED, "no claim: 0 blocks; an exact 95 % interval needs 6"),
        (1, FIXED, "no claim: 1 block; an exact 95 % interval needs 6"),
        (3, FIXED, "no claim: 3 blocks; an exact 95 % interval needs 6"),
        (6, ClaimRule(3), "no claim: 6 blocks; an exact 98.33 % interval needs 7"),
        (7, LOOKING, "no claim: 7 blocks; an exact 95 % interval needs 8"),
        (11, ClaimRule(4, until_decided=True), "no claim: 11 blocks; an exact 98.75 % interval needs 12"),
    ],
)
def test_too_few_blocks_claim_nothing(blocks: int, rule: ClaimRule, words: str) -> None:
    found = judge([2.0] * blocks, rule)
    assert (found.verdict, found.interval, found.decided, found.words) == ("no-claim", None, False, words)
    assert found.estimate == (pytest.approx(2.0) if blocks else None)


def test_what_is_too_short_to_time_has_an_estimate_and_no_claim() -> None:
    found = no_claim([2.0] * 12, FIXED, "too short to time")
    assert (found.words, found.verdict, found.interval) == ("no claim: too short to time", "no-claim", None)
    assert found.estimate == pytest.approx(2.0)


def test_blocks_after_a_look_are_not_looked_at() -> None:
    first = between(0.9, 1.2)
    assert judge([*first, 5.0, 5.0, 5.0], LOOKING).interval == judge(first, LOOKING).interval
    assert judge([*first, 5.0, 5.0, 5.0], FIXED).interval != judge(first, FIXED).interval


def test_more_comparisons_have_wider_intervals() -> None:
    values = [1.01**at for at in range(-4, 8)]
    widths = [_width(judge(values, ClaimRule(comparisons))) for comparisons in (1, 2, 5)]
    assert widths == sorted(set(widths))


def test_a_look_has_a_wider_interval_than_a_fixed_number_of_blocks() -> None:
    values = [1.01**at for at in range(-4, 8)]
    assert _width(judge(values, LOOKING)) > _width(judge(values, FIXED))


def _width(found: RatioVerdict) -> float:
    assert found.interval is not None
    return found.interval[1] - found.interval[0]


@given(ratios)
def test_exchanging_contender_and_reference_exchanges_the_words_and_nothing_else(values: list[float]) -> None:
    one, other = judge(values, FIXED), judge([1 / value for value in values], FIXED)
    assert one.interval is not None
    assert one.estimate is not None
    assert other.interval == pytest.approx((1 / one.interval[1], 1 / one.interval[0]))
    assert other.estimate == pytest.approx(1 / one.estimate)
    near_an_end = any(
        abs(abs(math.log(bound)) - edge) < 1e-9 for bound in one.interval for edge in (0, math.log(1.03))
    )  # there rounding decides
    assert near_an_end or other.verdict == OPPOSITE.get(one.verdict, one.verdict)


@given(ratios)
def test_the_words_say_faster_exactly_when_the_interval_excludes_1(values: list[float]) -> None:
    found = judge(values, FIXED)
    assert found.interval is not None
    assert found.words.startswith("faster") == (found.interval[0] > 1)
    assert found.words.startswith("slower") == (found.interval[1] < 1)


@given(ratios, st.integers(1, 5), st.booleans())
def test_a_verdict_reads_back_as_it_was_written(values: list[float], comparisons: int, looking: bool) -> None:
    found = judge(values, ClaimRule(comparisons, until_decided=looking), block_seconds=30)
    assert RatioVerdict.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_may_decide(look: int) -> None:
    assert judge([1.05, 1.06] * (look // 2) + [1.055] * (look % 2), LOOKING).verdict == "higher"
