"""Two recipes differ in what is trained, or in how much of it."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.analyse.recipe_difference import Change, changes, recipe_changes
from orchestrator.spec.recipes import apply_sizes, load
from shared.recipe import Sgd

RECIPE = load("article-torch")


def test_a_recipe_does_not_differ_from_itself_nor_by_its_title() -> None:
    assert recipe_changes(RECIPE, RECIPE) == ([], [])
    assert recipe_changes(RECIPE, replace(RECIPE, title="renamed")) == ([], [])


def test_fewer_images_epochs_or_another_batch_are_another_size() -> None:
    trained, sizes = recipe_changes(RECIPE, apply_sizes(RECIPE, epochs=2, train_images=640, batch_size=64))
    assert trained == []
    assert [(each.name, each.after) for each in sizes] == [
        ("data.train.stop", "640"),
        ("training.epochs", "2"),
        ("training.batch_size", "64"),
    ]


def test_another_learning_rate_or_layer_is_another_recipe() -> None:
    other = replace(RECIPE, optimizer=Sgd(learning_rate=0.02), layers=[*RECIPE.layers[:-1]])
    trained, sizes = recipe_changes(RECIPE, other)
    assert sizes == []
    assert Change(name="optimizer.learning_rate", before="0.01", after="0.02") in trained
    assert Change(name="layers.5.units", before="10", after="") in trained


def test_what_stands_on_one_side_only_is_a_change() -> None:
    assert changes({"a": "1", "b": "2"}, {"b": "2", "c": "3"}) == [
        Change(name="a", before="1", after=""),
        Change(name="c", before="", after="3"),
    ]
