"""When a comparison may claim something, and what is forecast where it may not."""

from __future__ import annotations

import math

import pytest

from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule, found_from
from orchestrator.spec.interim_schedule import LOOKS


@pytest.mark.parametrize(
    ("comparisons", "ranks"),
    [
        (1, [1, 9, 23, 42, 74, 117]),
        (2, [0, 7, 19, 36, 66, 106]),
        (3, [0, 6, 17, 33, 62, 101]),
        (4, [0, 5, 15, 31, 59, 97]),
        (5, [0, 4, 14, 30, 57, 94]),
    ],
)
def test_looks_take_the_simulated_ranks(comparisons: int, ranks: list[int]) -> None:
    rule = ClaimRule(comparisons, until_decided=True)
    assert [rule.rank(look) for look in LOOKS] == ranks


@pytest.mark.parametrize("comparisons", [8, 12, 20])
def test_many_comparisons_share_the_error_among_all_looks(comparisons: int) -> None:
    rule = ClaimRule(comparisons, until_decided=True)
    errors = [signed_rank.error(look, rank) for look in LOOKS if (rank := rule.rank(look))]
    assert comparisons * sum(errors) <= 0.05


@pytest.mark.parametrize("blocks", [7, 9, 29, 31])
def test_a_look_at_another_number_of_blocks_is_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match=f"no look after {blocks} blocks: looks are after 8, 12, 16, 20, 25, 30"):
        ClaimRule(until_decided=True).rank(blocks)


@pytest.mark.parametrize(("comparisons", "fewest"), [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (7, 9), (12, 9), (13, 10)])
def test_more_comparisons_need_more_blocks(comparisons: int, fewest: int) -> None:
    rule = ClaimRule(comparisons)
    assert rule.fewest_blocks == fewest
    assert (rule.rank(fewest - 1), bool(rule.rank(fewest))) == (0, True)


@pytest.mark.parametrize(("comparisons", "fewest"), [(1, 8), (2, 12), (5, 12)])
def test_the_first_look_that_can_claim(comparisons: int, fewest: int) -> None:
    assert ClaimRule(comparisons, until_decided=True).fewest_blocks == fewest


@pytest.mark.parametrize(("comparisons", "level"), [(1, 0.95), (2, 0.975), (5, 0.99)])
def test_comparisons_share_the_error(comparisons: int, level: float) -> None:
    assert ClaimRule(comparisons).level == level
    assert signed_rank.error(12, ClaimRule(comparisons).rank(12)) <= 0.05 / comparisons


@pytest.mark.parametrize(
    ("blocks", "counted"), [(0, 0), (7, 0), (8, 8), (11, 8), (12, 12), (29, 25), (30, 30), (40, 30)]
)
def test_blocks_after_the_last_look_do_not_count_yet(blocks: int, counted: int) -> None:
    assert ClaimRule(until_decided=True).counted(blocks) == counted
    assert ClaimRule().counted(blocks) == blocks


def test_differences_from_1_7_half_widths_on_are_found() -> None:
    assert found_from(0.02) == pytest.approx(0.034)


@pytest.mark.parametrize(
    ("blocks", "half_width", "needed"),
    [
        (12, math.log(1.036 / 0.988) / 2, 21),  # 2 + 10 (1.7 · 0.02372 / 0.02956)²
        (12, math.log1p(0.03) / 1.7, 13),  # as wide as it may be: one block more, not none
        (6, 0.05, 36),
        (12, 0.2, 1326),
    ],
)
def test_the_blocks_needed_follow_from_the_half_width(blocks: int, half_width: float, needed: int) -> None:
    assert ClaimRule().blocks_needed(blocks, half_width) == needed


@pytest.mark.parametrize(("half_width", "needed"), [(0.015, 16), (0.0237, 25), (0.2, 1326)])
def test_with_looks_the_next_look_is_forecast_as_long_as_there_is_one(half_width: float, needed: int) -> None:
    assert ClaimRule(until_decided=True).blocks_needed(12, half_width) == needed


def test_a_wider_margin_needs_fewer_blocks() -> None:
    assert ClaimRule(margin=0.10).blocks_needed(12, 0.06) < ClaimRule(margin=0.05).blocks_needed(12, 0.06)


def test_a_claim_is_made_of_twelve_blocks_or_more_where_fewer_allow_none_and_seeds_share_them() -> None:
    assert [ClaimRule().runs_of_a_claim(seeds) for seeds in (1, 3, 5, 12, 20)] == [12, 4, 3, 1, 1]
    assert ClaimRule(comparisons=400).fewest_blocks == 14
    assert ClaimRule(comparisons=400).runs_of_a_claim(1) == 14
