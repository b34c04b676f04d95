"""The order of running within each block."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.block_order import draw_order


@given(st.integers(0, 6).map(range), st.integers(0, 30), st.integers(0, 2**53))
def test_every_block_holds_every_cell_once(cells: range, blocks: int, seed: int) -> None:
    drawn = draw_order(cells, blocks, seed)
    assert len(drawn) == blocks
    assert all(sorted(block) == sorted(cells) for block in drawn)


@given(st.integers(0, 2**53))
def test_the_same_seed_draws_the_same_orders(seed: int) -> None:
    assert draw_order("abc", 12, seed) == draw_order("abc", 12, seed)


@given(st.integers(1, 20), st.integers(0, 20))
def test_more_blocks_leave_the_earlier_ones_as_they_are(blocks: int, more: int) -> None:
    assert draw_order("abc", blocks + more, 7)[:blocks] == draw_order("abc", blocks, 7)


def test_the_orders_of_a_seed_are_these_on_every_version_of_python() -> None:
    drawn = ["".join(block) for block in draw_order("abc", 6, 11)]
    assert drawn == ["abc", "abc", "abc", "bca", "acb", "acb"]


def test_every_order_is_drawn_as_often_as_any_other() -> None:
    counts = Counter("".join(block) for block in draw_order("abc", 60_000, 3))
    assert len(counts) == 6
    assert sum((count - 10_000) ** 2 / 10_000 for count in counts.values()) < 20.5  # chi², 5 df: 0.999


def test_an_order_says_nothing_of_the_next_one() -> None:
    firsts = [block[0] for block in draw_order("ab", 40_000, 5)]
    repeated = sum(one == other for one, other in pairwise(firsts))
    assert abs(repeated - 20_000) < 400  # four standard deviations


def test_another_seed_draws_other_orders() -> None:
    assert len({draw_order("ab", 30, seed) for seed in range(100)}) == 100
