"""The floor of a run of one image against itself, and what it lets one expect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev
from typing import Any

import pytest

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.decide_plan import Cost
from orchestrator.analyse.machine_floor import (
    Place,
    expectation,
    floor_costs,
    floor_words,
    machine_floor,
    nearest_floor,
    self_test,
)
from orchestrator.analyse.summary import Summary
from orchestrator.errors import UsageError
from orchestrator.record.floor import Floor
from tests.support.floors import MACHINE, floor
from tests.support.summaries import TORCH, summary, trial

SAME = "same@0123456789ab"
FIVE = ([0.5, 0.4, 0.3, 0.2, 0.1], [0.5, 0.4, 0.3, 0.2, 0.1])
EVEN = [1.01, 0.99, 1.02, 0.98, 1.005, 0.995, 1.01, 0.99, 1.015, 0.985, 1.0, 1.001]
HERE = Place(MACHINE, "docker", "cpu")


def run(ratios: Sequence[float], **changes: Any) -> Summary:
    """Return a run of an image against itself: 1,000 images/s, the same again at these shares of it."""
    rows = [
        trial(name, "article-torch", curves=FIVE, run=block, images_per_second=1000 * speed, wall_seconds=40.0)
        for block, ratio in enumerate(ratios, start=1)
        for name, speed in ((TORCH, 1.0), (SAME, ratio))
    ]
    return summary(*rows, reference=TORCH, **changes)


def found(ratios: Sequence[float], *, rebuilt: bool = False) -> Floor:
    return machine_floor(run(ratios), rebuilt=rebuilt, boot="b")


def test_a_floor_has_the_scatter_of_its_blocks_and_what_so_many_find() -> None:
    one = found(EVEN)
    assert one.scatter == pytest.approx(stdev(map(math.log, EVEN)))
    assert one.ratios == pytest.approx(EVEN)
    assert (one.blocks, one.differs) == (12, False)
    assert one.finds == pytest.approx(math.expm1(1.7 * one.half_width))
    assert one.words.startswith("no difference of 3 % or more")
    assert (one.contender, one.recipe, one.epochs, one.images_an_epoch) == (TORCH, "article-torch", 5, 6000)
    assert one.images_per_second == pytest.approx(1000, rel=0.02)


def test_its_half_width_is_that_of_the_verdicts_interval() -> None:
    (row,) = (row for row in run(EVEN).ratios if row.metric == "throughput")
    assert row.verdict.interval is not None
    low, high = row.verdict.interval
    assert found(EVEN).half_width == pytest.approx(math.log(high / low) / 2)


def test_a_difference_that_is_claimed_fails_the_self_test_in_words() -> None:
    shifted = [1.04 * ratio for ratio in EVEN]
    assert found(shifted).differs
    assert "a difference is claimed where there is none" in self_test(found(shifted))
    assert "say" in self_test(found(shifted, rebuilt=True))
    assert self_test(found(EVEN)) == ""


def test_what_it_found_is_said_with_scatter_interval_and_differences() -> None:
    first, second, third = floor_words(floor())
    assert (
        first == "torch==2.13.0 on article-torch, one image against itself: no difference of 3 % or more [-2.0, +2.0]"
    )
    assert "scatters by 3 % (standard deviation); the interval of 12 blocks is ±2 % wide" in second
    assert third == "12 blocks find differences from 3.5 % on here, in 9 of 10 comparisons"
    assert "two builds of the same sources" in floor_words(floor(rebuilt=True))[0]


def test_without_an_interval_there_is_no_floor_and_a_way_out() -> None:
    with pytest.raises(UsageError, match="no floor: no claim: 5 blocks"):
        found(EVEN[:5])
    short = [
        trial(name, "article-torch", curves=FIVE, run=block, images_per_second=60_000.0)
        for block in range(1, 13)
        for name in (TORCH, SAME)
    ]
    with pytest.raises(UsageError, match="too short to time") as told:
        machine_floor(summary(*short, reference=TORCH), rebuilt=False, boot="")
    assert told.value.remedy == "run it again: by now it is known how much can be timed here"


def test_the_nearest_floor_is_of_this_place_and_best_of_this_recipe() -> None:
    other = floor(recipe="matched-8x8", date="2026-11-28T00:00:00+00:00")
    floors = [other, floor(), floor(engine="process"), floor(rebuilt=True)]
    assert nearest_floor(floors, HERE, ["tf==2.21.0"], ["article-torch"]) == floor()
    assert nearest_floor(floors, HERE, ["tf==2.21.0"], ["article-tf"]) == other
    assert nearest_floor(floors, Place({"cpu": "another"}, "docker", "cpu"), [TORCH], ["article-torch"]) is None


def test_costs_of_a_recipe_are_those_of_its_newest_floor_here() -> None:
    floors = [floor(images_per_second=9000.0), floor(), floor(recipe="matched-8x8", contender="tf==2.21.0")]
    assert floor_costs(floors, HERE, "article-torch") == {TORCH: Cost(9000.0, 0.1, 4.0)}
    assert floor_costs(floors, Place(MACHINE, "process", "cpu"), "article-torch") == {}


def test_more_blocks_find_smaller_differences() -> None:
    said = expectation(floor(half_width=0.02), ClaimRule(), 12)
    assert said.startswith("by the calibration of 2026-11-27 (torch==2.13.0 on article-torch), 12 blocks find")
    assert said.endswith("differences from 3.5 % on here")
    assert "differences from 2.1 % on here" in expectation(floor(half_width=0.02), ClaimRule(), 30)


def test_of_looks_it_says_how_many_blocks_the_margin_takes_or_that_they_may_not_suffice() -> None:
    rule = ClaimRule(margin=0.03, until_decided=True)
    assert "a difference of 3 % takes about 16 blocks here" in expectation(floor(half_width=0.02), rule, 30)
    assert "a difference of 3 % takes about 8 blocks here" in expectation(floor(half_width=0.008), rule, 30)
    assert "30 blocks may not decide about 3 %: 30 blocks find differences from 5.2 % on here" in expectation(
        floor(half_width=0.05), rule, 30
    )
