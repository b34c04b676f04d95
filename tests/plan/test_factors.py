"""The settings in which two cells differ, and what each takes."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations

import pytest

from orchestrator.plan.factors import Cell, differing_factors
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from shared.recipe import Conv2d, Dense, Flatten, MaxPool2d, Recipe, Sgd
from tests.support.streams import SMALL

TF, TORCH = parse("tf"), parse("torch")


def names(start: Recipe, end: Recipe) -> list[str]:
    return [setting.name for setting in differing_factors((TORCH, start), (TORCH, end))]


def article() -> tuple[Cell, Cell]:
    return (TF, recipes.load("article-tf")), (TORCH, recipes.load("article-torch"))


def test_the_articles_programs_differ_in_seven_settings_and_the_framework() -> None:
    found = [setting.name for setting in differing_factors(*article())]
    assert found == ["input", "pooling", "dense", "batch", "images", "order", "initial", "framework"]


def test_equal_cells_differ_in_nothing() -> None:
    start, _ = article()
    assert differing_factors(start, start) == ()


def test_a_name_and_quick_sizes_are_no_settings() -> None:
    start, _ = article()
    assert names(start[1], replace(start[1], name="mine", title="mine", quick=SMALL.quick)) == []


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("optimiser", replace(SMALL, optimizer=Sgd(0.1))),
        ("epochs", replace(SMALL, training=replace(SMALL.training, epochs=3))),
        ("batch", replace(SMALL, training=replace(SMALL.training, batch_size=64))),
        ("initial", replace(SMALL, initial=replace(SMALL.initial, draw="shared"))),
        ("input", replace(SMALL, data=replace(SMALL.data, mean=0.5))),
        ("dense", replace(SMALL, layers=[Flatten(), Dense(20), Dense(10)])),
        ("layers", replace(SMALL, layers=[Conv2d(4, 3), Flatten(), Dense(10)])),
    ],
)
def test_a_changed_part_is_the_setting_of_its_name(setting: str, changed: Recipe) -> None:
    assert names(SMALL, changed) == [setting]


def test_convolutions_and_pooling_are_told_apart_where_both_stacks_are_built_alike() -> None:
    mine = replace(SMALL, layers=[Conv2d(4, 3), MaxPool2d(2), Flatten(), Dense(10)])
    theirs = replace(SMALL, layers=[Conv2d(8, 3), MaxPool2d(1), Flatten(), Dense(10)])
    convolutions, pooling = differing_factors((TORCH, mine), (TORCH, theirs))
    assert (convolutions.name, pooling.name) == ("convolutions", "pooling")
    assert convolutions.take((TORCH, mine), (TORCH, theirs))[1].layers[:2] == [Conv2d(8, 3), MaxPool2d(2)]
    assert pooling.take((TORCH, mine), (TORCH, theirs))[1].layers[:2] == [Conv2d(4, 3), MaxPool2d(1)]


def test_all_settings_together_make_the_end_in_any_order() -> None:
    start, end = article()
    settings = differing_factors(start, end)
    for order in list(permutations(settings))[::1000]:
        cell = start
        for setting in order:
            cell = setting.take(cell, end)
        assert replace(cell[1], name=end[1].name, title=end[1].title, quick=end[1].quick) == end[1]
        assert cell[0] == end[0]


def test_every_field_of_a_recipe_belongs_to_a_setting() -> None:
    """A field that is new in the contract becomes a setting of its own, or this test names it."""
    changed = replace(
        SMALL,
        data=replace(
            SMALL.data, view="28x28", mean=0.5, std=2.0, train=SMALL.data.validation, validation=SMALL.data.train
        ),
        layers=[Flatten(), Dense(20), Dense(10)],
        training=replace(SMALL.training, epochs=9, batch_size=9, order="shared"),
        initial=replace(SMALL.initial, distribution="fan_in_uniform", draw="shared"),
        optimizer=Sgd(0.5),
    )
    same = [field.name for field in fields(SMALL) if getattr(SMALL, field.name) == getattr(changed, field.name)]
    cell = (TORCH, SMALL)
    for setting in differing_factors(cell, (TORCH, changed)):
        cell = setting.take(cell, (TORCH, changed))
    assert cell[1] == changed
    assert set(same) <= {"name", "title", "quick"}
