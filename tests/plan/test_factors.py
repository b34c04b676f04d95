"""The settings in which two cells differ, and what each takes."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.factors import GRAINS, Cell, Grain, differing_factors, drafts
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Recipe,
    RmsProp,
    Sgd,
)
from tests.support.streams import SMALL

TF, TORCH = parse("tf"), parse("torch")


def names(start: Recipe, end: Recipe) -> list[str]:
    return [setting.name for setting in differing_factors((TORCH, start), (TORCH, end))]


def article() -> tuple[Cell, Cell]:
    return (TF, recipes.load("article-tf")), (TORCH, recipes.load("article-torch"))


def test_the_articles_programs_differ_in_seven_settings_and_the_framework() -> None:
    found = [setting.name for setting in differing_factors(*article())]
    assert found == [
        "input",
        "max_pool2d-size",
        "dense-removed",
        "batch",
        "images",
        "order",
        "initial",
        "framework",
    ]


def test_equal_cells_differ_in_nothing() -> None:
    start, _ = article()
    assert differing_factors(start, start) == ()


def test_a_name_and_quick_sizes_are_no_settings() -> None:
    start, _ = article()
    assert names(start[1], replace(start[1], name="mine", title="mine", quick=SMALL.quick)) == []


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("sgd-learning_rate", replace(SMALL, optimizer=Sgd(0.1))),
        ("sgd-momentum", replace(SMALL, optimizer=Sgd(0.01, momentum=0.9))),
        ("optimiser", replace(SMALL, optimizer=RmsProp(0.1, 0.9, 1e-8))),
        ("epochs", replace(SMALL, training=replace(SMALL.training, epochs=3))),
        ("batch", replace(SMALL, training=replace(SMALL.training, batch_size=64))),
        ("draw", replace(SMALL, initial=replace(SMALL.initial, draw="shared"))),
        ("initial", replace(SMALL, initial=replace(SMALL.initial, distribution="fan_in_uniform"))),
        ("input", replace(SMALL, data=replace(SMALL.data, mean=0.5))),
        ("dense-added", replace(SMALL, layers=[Flatten(), Dense(20), Dense(10)])),
        ("conv2d-added", replace(SMALL, layers=[Conv2d(4, 3), Flatten(), Dense(10)])),
    ],
)
def test_a_changed_part_is_the_setting_of_its_name(setting: str, changed: Recipe) -> None:
    assert names(SMALL, changed) == [setting]


def titles(mine: list[Layer], theirs: list[Layer]) -> list[str]:
    start, end = (replace(SMALL, layers=layers) for layers in (mine, theirs))
    return [setting.title for setting in differing_factors((TORCH, start), (TORCH, end))]


END: list[Layer] = [Flatten(), Dense(10)]


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        ([Conv2d(4, 3), *END], [Conv2d(8, 3), *END], ["conv2d filters 4 → 8"]),
        ([Conv2d(4, 3), *END], [Conv2d(8, 5), *END], ["conv2d filters 4 → 8", "conv2d kernel 3 → 5"]),
        ([Conv2d(4, 3), *END], [Conv2d(4, 3, activation="relu"), *END], ["conv2d activation none → relu"]),
        ([BatchNorm(0.9, 1e-5), *END], [BatchNorm(0.99, 1e-5), *END], ["batch_norm momentum 0.9 → 0.99"]),
        (
            [BatchNorm(0.9, 1e-5), Conv2d(4, 3), BatchNorm(0.9, 1e-5), *END],
            [BatchNorm(0.99, 1e-3), Conv2d(4, 3), BatchNorm(0.99, 1e-3), *END],
            ["batch_norm momentum 0.9 → 0.99", "batch_norm epsilon 1e-05 → 0.001"],
        ),
        ([Dropout(0.4), *END, Dropout(0.2)], [Dropout(0.4), *END, Dropout(0.1)], ["dropout rate 0.2 → 0.1 (layer 4)"]),
        ([MaxPool2d(2), *END], [AveragePool2d(2), *END], ["max_pool2d → average_pool2d"]),
        ([*END], [Flatten(), Dense(1024), Dense(10)], ["dense of 1,024 units added (layer 2)"]),
        ([Dropout(0.5), Dropout(0.5), *END], END, ["dropout removed"]),
        (
            [Conv2d(4, 3), Dropout(0.5), *END],
            [Conv2d(4, 3), BatchNorm(0.9, 1e-5), *END],
            ["dropout removed", "batch_norm added"],
        ),
    ],
)
def test_what_differs_is_named_and_two_settings_of_a_layer_are_two(
    mine: list[Layer], theirs: list[Layer], told: list[str]
) -> None:
    assert sorted(titles(mine, theirs)) == sorted(told)


def test_settings_outside_of_layers_are_named_from_what_to_what() -> None:
    end = replace(
        SMALL,
        data=replace(SMALL.data, mean=0.5),
        training=replace(SMALL.training, epochs=9),
        optimizer=Sgd(0.5, momentum=0.9, nesterov=True),
    )
    assert [setting.title for setting in differing_factors((TORCH, SMALL), (TORCH, end))] == [
        f"input mean {SMALL.data.mean:g} → 0.5",
        "sgd learning_rate 0.01 → 0.5",
        "sgd momentum 0 → 0.9",
        "sgd nesterov false → true",
        f"epochs {SMALL.training.epochs} → 9",
    ]


def test_layers_can_be_told_apart_less_finely() -> None:
    start, end = (
        (TORCH, replace(SMALL, layers=[Dropout(0.1), *END])),
        (TORCH, replace(SMALL, layers=[Conv2d(4, 3), *END])),
    )
    assert [setting.name for setting in differing_factors(start, end, "structure")] == ["layers"]
    assert [setting.title for setting in differing_factors(start, end, "stack")] == ["layers"]


def test_two_settings_of_one_name_are_numbered() -> None:
    mine: list[Layer] = [Conv2d(4, 3), Conv2d(8, 3), *END]
    theirs: list[Layer] = [Conv2d(8, 3), Conv2d(16, 3), *END]
    settings = differing_factors((TORCH, replace(SMALL, layers=mine)), (TORCH, replace(SMALL, layers=theirs)))
    assert len({setting.name for setting in settings}) == len(settings)


LAYERS: st.SearchStrategy[Layer] = st.one_of(
    st.builds(Conv2d, st.integers(1, 3), st.integers(1, 2)),
    st.builds(MaxPool2d, st.integers(1, 2)),
    st.builds(AveragePool2d, st.integers(1, 2)),
    st.builds(BatchNorm, st.sampled_from([0.9, 0.99]), st.sampled_from([1e-5, 1e-3])),
    st.builds(Dropout, st.sampled_from([0.1, 0.5])),
    st.builds(Dense, st.integers(1, 3)),
)
STACKS = st.lists(LAYERS, max_size=6)


@given(STACKS, STACKS, st.sampled_from(GRAINS), st.randoms())
def test_all_settings_together_make_the_end_in_any_order(
    mine: list[Layer], theirs: list[Layer], grain: Grain, random: Random
) -> None:
    start, end = (TF, replace(SMALL, layers=mine)), (TORCH, replace(SMALL, layers=theirs, optimizer=Sgd(0.5)))
    draft, last = drafts(start, end)
    assert (draft.cell, last.cell) == (start, end)
    settings = list(differing_factors(start, end, grain))
    random.shuffle(settings)
    for setting in settings:
        draft = setting.take(draft, last)
    assert draft.cell == end


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
    draft, last = drafts((TORCH, SMALL), (TORCH, changed))
    for setting in differing_factors((TORCH, SMALL), (TORCH, changed)):
        draft = setting.take(draft, last)
    assert draft.cell[1] == changed
    assert set(same) <= {"name", "title", "quick"}
