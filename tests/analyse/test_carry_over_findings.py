"""Whether a contender runs otherwise after one contender than after the others."""

from __future__ import annotations

import re

import pytest

from benchmarks.carry_over import Machine, session, told

LEAVES_IT_SLOW = Machine("slow after b", carried=0.1)


def test_who_leaves_the_machine_slower_is_named_with_who_suffers() -> None:
    messages = told(session(1, 24, LEAVES_IT_SLOW))
    assert any(
        re.fullmatch(r"a on made-up is slower by \d+\.\d % after b than after others\.", each) for each in messages
    )


@pytest.mark.parametrize("walk", [0.0, 0.01])
def test_scatter_and_a_machine_that_wanders_are_seldom_told_as_carry_over(walk: float) -> None:
    assert sum(bool(told(session(seed, 12, Machine("wanders", walk=walk)))) for seed in range(400)) <= 20


def test_records_in_the_order_asked_for_are_read_in_the_order_of_running() -> None:
    records = session(1, 24, LEAVES_IT_SLOW)
    assert told(sorted(records, key=lambda record: record.contender)) == told(records)


def test_trials_that_took_turns_followed_nobody() -> None:
    assert told(session(1, 24, LEAVES_IT_SLOW, by_turns=True)) == []


def test_few_blocks_show_no_carry_over() -> None:
    assert told(session(1, 6, Machine("very slow after b", carried=0.5))) == []
