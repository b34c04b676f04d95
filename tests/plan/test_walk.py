"""The cells of a walk, its orders, and walks that cannot be made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import UsageError
from orchestrator.plan.walk import LONGEST_NAME, Walk, make_walk
from orchestrator.spec import recipes
from orchestrator.spec.contenders import parse
from orchestrator.spec.recipe_checks import semantic_errors
from shared.recipe import Conv2d, Dense, Flatten, MaxPool2d, Recipe, Sgd
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
    assert small().cells[1][1].title == "small with other's batch size"


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
    first = ("input", "pooling", "dense", "batch", "images", "order", "initial", "framework")
    assert article(1).orders == (first,)
    assert article(8).orders[:4] == article(4).orders
    assert len(set(article(8).orders)) == 8
    assert not article(8).exhaustive


def test_the_same_orders_are_drawn_every_time_and_everywhere() -> None:
    """A literal: other orders would be other cells, and what was run could not be reused."""
    assert article(2).orders[1] == ("batch", "framework", "order", "dense", "images", "pooling", "initial", "input")


def test_ends_that_do_not_differ_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing to explain"):
        make_walk((TORCH, SMALL), (TORCH, replace(SMALL, name="copy")))


def test_two_frameworks_on_one_recipe_are_a_walk_of_one_step() -> None:
    assert make_walk((TF, SMALL), (TORCH, SMALL)).cells == ((TF, SMALL), (TORCH, SMALL))


def stacked(name: str, *, view: str, pool: int) -> Recipe:
    layers = [Conv2d(4, 3), MaxPool2d(pool), Flatten(), Dense(10)]
    return replace(SMALL, name=name, data=replace(SMALL.data, view=view), layers=layers)  # type: ignore[arg-type]


def test_a_step_that_cannot_be_trained_is_named_with_the_way_out() -> None:
    with pytest.raises(UsageError, match=r"step 1 of the walk, input.*larger than its input of 6x6") as refused:
        make_walk((TF, stacked("wide", view="28x28", pool=8)), (TF, stacked("narrow", view="8x8", pool=2)))
    assert "bakeoff explain narrow wide" in (refused.value.remedy or "")


def test_other_orders_through_a_recipe_that_cannot_be_trained_are_left_out() -> None:
    """Taking the pool of 8 before the wide view does not fit; taking the view first does."""
    way = make_walk((TF, stacked("narrow", view="8x8", pool=2)), (TF, stacked("wide", view="28x28", pool=8)), 2)
    assert way.orders == (("input", "pooling"),)
    assert not way.exhaustive
