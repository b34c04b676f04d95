"""The cells of a walk, its orders, and walks that cannot be made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import UsageError
from orchestrator.plan.walk import LONGEST_NAME, MOST_FACTORS, Walk, make_walk
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from orchestrator.spec.recipe_checks import semantic_errors
from shared.recipe import BatchNorm, Conv2d, Dense, Flatten, Layer, MaxPool2d, Recipe, Sgd, Slice
from tests.support.streams import SMALL

TF, TORCH = parse("tf"), parse("torch")


def article(count: int = 1) -> Walk:
    start, end = (recipes.apply_sizes(recipes.load(name), quick=True) for name in ("article-tf", "article-torch"))
    return make_walk((TF, start), (TORCH, end), count)


def small(count: int = 1, **changes: object) -> Walk:
    end = replace(SMALL, name="other", optimizer=Sgd(0.1), training=replace(SMALL.training, batch_size=64))
    return make_walk((TF, SMALL), (TORCH, replace(end, **changes)), count)  # type: ignore[arg-type]


def test_the_articles_walk_has_nine_stops_and_ends_at_a_comparisons_cells() -> None:
    stops = article().cells
    start, end = (recipes.apply_sizes(recipes.load(name), quick=True) for name in ("article-tf", "article-torch"))
    assert len(stops) == 9
    assert (stops[0], stops[-2], stops[-1]) == ((TF, start), (TF, end), (TORCH, end))


def test_each_stop_of_the_first_order_is_named_by_what_was_taken() -> None:
    assert [recipe.name for _, recipe in small().cells] == ["small", "small.batch", "other", "other"]


def test_a_title_says_what_was_taken() -> None:
    assert small().cells[1][1].title == f"small with other's batch size {SMALL.training.batch_size} → 64"


def test_every_recipe_on_the_way_can_be_trained() -> None:
    for _, recipe in article(20).cells[1:-2]:
        assert list(semantic_errors(recipe)) == []


def test_names_stay_short_enough_for_a_recipe() -> None:
    long = replace(SMALL, name="a" * 60)
    way = make_walk((TF, long), (TORCH, replace(small().end[1], name="other")))
    assert {len(recipe.name) <= LONGEST_NAME for _, recipe in way.cells} == {True}
    assert len({recipe.name for _, recipe in way.cells}) == 3


def test_orders_that_pass_the_same_settings_share_the_cell() -> None:
    assert len(small(6).cells) == 2**3
    assert len(small(6).orders) == 6
    assert small(6).exhaustive


def test_no_more_orders_are_walked_than_there_are() -> None:
    assert small(1000).orders == small(6).orders


def test_the_first_order_is_the_tables_and_a_longer_walk_goes_on_from_a_shorter() -> None:
    first = ("input", "max_pool2d-size", "dense-removed", "batch", "images", "order", "initial", "framework")
    assert article(1).orders == (first,)
    assert article(8).orders[:4] == article(4).orders
    assert len(set(article(8).orders)) == 8
    assert not article(8).exhaustive


def test_the_same_orders_are_drawn_every_time_and_everywhere() -> None:
    """A literal: other orders would be other cells, and what was run could not be reused."""
    expected = "batch framework order dense-removed images max_pool2d-size initial input"
    assert article(2).orders[1] == tuple(expected.split())


def test_ends_that_do_not_differ_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing to explain"):
        make_walk((TORCH, SMALL), (TORCH, replace(SMALL, name="copy")))


def test_two_frameworks_on_one_recipe_are_a_walk_of_one_step() -> None:
    assert make_walk((TF, SMALL), (TORCH, SMALL)).cells == ((TF, SMALL), (TORCH, SMALL))


def stacked(name: str, *, view: str, pool: int) -> Recipe:
    layers = [Conv2d(4, 3), MaxPool2d(pool), Flatten(), Dense(10)]
    return replace(SMALL, name=name, data=replace(SMALL.data, view=view), layers=layers)  # type: ignore[arg-type]


def test_the_first_order_goes_around_a_recipe_that_cannot_be_trained() -> None:
    """A pool of 8 does not fit the small view: the pool is taken first, where the table has the view first."""
    way = make_walk((TF, stacked("wide", view="28x28", pool=8)), (TF, stacked("narrow", view="8x8", pool=2)))
    assert way.orders == (("max_pool2d-size", "input"),)
    assert [factor.name for factor in way.factors] == ["max_pool2d-size", "input"]


def test_other_orders_through_a_recipe_that_cannot_be_trained_are_left_out() -> None:
    """Taking the pool of 8 before the wide view does not fit; taking the view first does."""
    way = make_walk((TF, stacked("narrow", view="8x8", pool=2)), (TF, stacked("wide", view="28x28", pool=8)), 2)
    assert way.orders == (("input", "max_pool2d-size"),)
    assert not way.exhaustive


def test_a_bias_and_the_batch_norm_that_makes_it_idle_are_taken_in_the_order_that_trains() -> None:
    start = replace(SMALL, name="plain", layers=[Conv2d(4, 3), Flatten(), Dense(10)])
    end = replace(start, name="normal", layers=[Conv2d(4, 3, bias=False), BatchNorm(0.9, 1e-5), Flatten(), Dense(10)])
    assert make_walk((TF, start), (TF, end)).orders == (("conv2d-bias", "batch_norm-added"),)
    assert make_walk((TF, end), (TF, start)).orders == (("batch_norm-removed", "conv2d-bias"),)


def test_layers_that_cannot_be_moved_one_by_one_are_one_setting() -> None:
    """A flatten that moves past three batch norms: with both of them, or with none, nothing can be trained."""
    norms: list[Layer] = [BatchNorm(0.9, 1e-5), BatchNorm(0.99, 1e-5), BatchNorm(0.9, 1e-3)]
    start = replace(SMALL, name="first", layers=[Flatten(), *norms, Dense(10)])
    end = replace(SMALL, name="last", layers=[*norms, Flatten(), Dense(10)], optimizer=Sgd(0.5))
    way = make_walk((TF, start), (TF, end))
    assert [factor.title for factor in way.factors] == ["layers added and removed", "sgd learning_rate 0.01 → 0.5"]
    assert way.cells[-1] == (TF, end)


def test_a_walk_of_very_many_layer_settings_tells_them_apart_less_finely() -> None:
    start = replace(SMALL, name="plain", layers=[Flatten(), Dense(10)])
    hidden: list[Layer] = [Dense(units, activation="relu") for units in range(20, 20 + MOST_FACTORS + 1)]
    way = make_walk((TF, start), (TF, replace(start, name="deep", layers=[Flatten(), *hidden, Dense(10)])))
    assert [factor.title for factor in way.factors] == ["layers added and removed"]


def lonely(name: str, images: int, batch: int) -> Recipe:
    """Return a recipe with batch norm, which a batch of one image ends."""
    data = replace(SMALL.data, train=replace(SMALL.data.train, start=0, stop=images), validation=Slice("test", 0, 9))
    layers: list[Layer] = [Flatten(), Dense(4, activation="relu"), BatchNorm(0.9, 1e-5), Dense(10)]
    return replace(SMALL, name=name, data=data, layers=layers, training=replace(SMALL.training, batch_size=batch))


def test_ends_between_which_no_order_can_be_trained_are_refused_with_the_settings_that_stand_in_the_way() -> None:
    """10 images leave one over after batches of 3, and 9 after batches of 4, whichever is taken first."""
    with pytest.raises(UsageError, match="no order of the walk was found") as refused:
        make_walk((TF, lonely("a", 10, 4)), (TF, lonely("b", 9, 3)))
    assert [line.partition(":")[0] for line in refused.value.lines] == ["batch size 4 → 3", "training images and split"]
    assert "make the two recipes alike" in refused.value.remedy
