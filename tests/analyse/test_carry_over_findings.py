"""Whether a contender runs otherwise after one contender than after the others."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestrator.analyse.carry_over_findings import carry_over
from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.record.record import Record, Status


def session(seed: int, blocks: int = 12, carried: float = 0.0, walk: float = 0.0, **changes: Any) -> list[Record]:
    """Return blocks of a and b in an order by lot, scatter 2 %; who follows b takes `carried` longer."""
    trials: list[Record] = []
    lots, machine, before = random.Random(seed), 0.0, ""
    for block in range(1, blocks + 1):
        for name in lots.sample("ab", 2):
            machine += lots.gauss(0, walk)
            seconds = (1 + lots.gauss(0, 0.02)) * (1 + machine) * (1 + carried * (before == "b"))
            trials.append(_trial(name, block, len(trials), seconds, changes))
            before = name
    return trials


def _trial(name: str, block: int, at: int, seconds: float, changes: dict[str, Any]) -> Record:
    fields: dict[str, Any] = {
        "id": f"{name}.r{block}",
        "contender": name,
        "recipe": "made-up",
        "status": Status.DONE,
        "role": "measured",
        "reused_from": None,
        "by_turns": False,
        "started_at": f"2026-11-26T00:{at:02}:00+00:00",
        "epochs": [SimpleNamespace(seconds=seconds, images=1000)] * 5,
    }
    return cast("Record", SimpleNamespace(**{**fields, **changes}))


def told(records: Sequence[Record]) -> list[str]:
    return [found.message for found in carry_over(CheckInput(records, cores=2))]


def test_who_leaves_the_machine_slower_is_named_with_who_suffers() -> None:
    messages = told(session(1, blocks=24, carried=0.1))
    assert any(
        re.fullmatch(r"a on made-up is slower by \d+\.\d % after b than after others\.", each) for each in messages
    )


@pytest.mark.parametrize("walk", [0.0, 0.01])
def test_scatter_and_a_machine_that_wanders_are_seldom_told_as_carry_over(walk: float) -> None:
    assert sum(bool(told(session(seed, walk=walk))) for seed in range(400)) <= 20


def test_records_in_the_order_asked_for_are_read_in_the_order_of_running() -> None:
    records = session(1, blocks=24, carried=0.1)
    assert told(sorted(records, key=lambda record: record.contender)) == told(records)


def test_trials_that_took_turns_followed_nobody() -> None:
    assert told(session(1, blocks=24, carried=0.1, by_turns=True)) == []


def test_few_blocks_show_no_carry_over() -> None:
    assert told(session(1, blocks=6, carried=0.5)) == []
