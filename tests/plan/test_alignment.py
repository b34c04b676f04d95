"""Which layer of one stack is which of another."""

from __future__ import annotations

import pytest
from hypothesis import given

from orchestrator.plan.alignment import Slots, align
from shared.recipe import AveragePool2d, BatchNorm, Conv2d, Dense, Flatten, Layer, MaxPool2d
from tests.plan.test_factors import STACKS

A, B, FLAT = Conv2d(4, 3), Conv2d(8, 5), Flatten()


@pytest.mark.parametrize(
    ("mine", "theirs", "slots"),
    [
        ([], [], ((), ())),
        ([A], [B], ((A,), (B,))),
        ([A, FLAT], [FLAT], ((A, FLAT), (None, FLAT))),
        (
            [Dense(1024, activation="relu"), Dense(10)],
            [Dense(10)],
            ((Dense(1024, activation="relu"), Dense(10)), (None, Dense(10))),
        ),
        ([MaxPool2d(2)], [AveragePool2d(2)], ((MaxPool2d(2),), (AveragePool2d(2),))),
        ([A, B], [B], ((A, B), (None, B))),
        ([FLAT], [BatchNorm(0.9, 1e-5)], ((FLAT, None), (None, BatchNorm(0.9, 1e-5)))),
    ],
)
def test_layers_meet_those_most_like_them(mine: list[Layer], theirs: list[Layer], slots: tuple[Slots, Slots]) -> None:
    assert align(mine, theirs) == slots


@given(STACKS, STACKS)
def test_without_its_gaps_a_side_is_its_stack_and_no_place_is_empty(mine: list[Layer], theirs: list[Layer]) -> None:
    left, right = align(mine, theirs)
    assert ([each for each in left if each], [each for each in right if each]) == (mine, theirs)
    assert all(pair != (None, None) for pair in zip(left, right, strict=True))
