"""The smallest size that can be timed, and its minutes."""

from __future__ import annotations

import pytest

from orchestrator.analyse.decide_plan import Cost, costs, decide_plan, one_recipe
from orchestrator.errors import UsageError
from orchestrator.spec.recipes import load
from orchestrator.spec.spec import Spec
from tests.support.summaries import TF, TORCH, summary, trial

SPEC = Spec(recipes=("article-torch",))
RECIPE = load("article-torch")  # 60,000 images or fewer, batch 512


def test_an_epoch_of_the_fastest_takes_a_second_and_a_half() -> None:
    known = {TF: Cost(10_000, 0.1, 9.0), TORCH: Cost(5_000, 0.2, 4.0)}
    way = decide_plan(SPEC, RECIPE, (TF, TORCH), known)
    assert (way.spec.epochs, way.spec.train_images, way.spec.runs) == (5, 15_360, 12)
    assert way.minutes == pytest.approx(12 * (9 + 5 * (1.536 + 0.1) + 4 + 5 * (3.072 + 0.2)) / 60)
    assert way.lines == (
        "the short way to an answer: 12 blocks of article-torch, 5 epochs of 15,360 images, the least that can be timed"
        " here",
        "about 8 minutes, by what earlier runs took on this machine",
    )


def test_where_the_recipe_has_too_few_images_there_are_more_epochs() -> None:
    most = RECIPE.data.train.images
    way = decide_plan(SPEC, RECIPE, (TF,), {TF: Cost(4 * most / 1.5, 0.1, 9.0)})
    assert (way.spec.train_images, way.spec.epochs) == (most, 20)


def test_without_an_earlier_run_nothing_is_forecast() -> None:
    way = decide_plan(SPEC, RECIPE, (TF, TORCH), {TF: Cost(10_000, 0.1, 9.0)})
    assert (way.minutes, way.spec.epochs, way.spec.profile) == (None, 5, "quick")
    assert way.lines[1] == "no earlier run on this machine says how long that takes: the first block will"


def test_costs_are_those_of_the_newest_run_on_the_same_processor() -> None:
    new, old = (
        summary(trial(TF, "article-torch", images_per_second=speed, wall_seconds=40.0)) for speed in (2000.0, 1000.0)
    )
    found = costs([new, old], (TF, TORCH), "article-torch", "a made-up processor")
    assert found == {TF: Cost(2000.0, 0.5, 40 - 3 * (3 + 0.5))}
    assert costs([new], (TF,), "article-torch", "another") == {}


def test_without_a_recipe_it_is_the_smaller_of_the_article() -> None:
    assert one_recipe(Spec()).recipes == ("article-torch",)
    assert one_recipe(Spec(recipes=("matched",))).recipes == ("matched",)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (Spec(epochs=2), "--decide chooses --epochs itself"),
        (Spec(runs=3, profile="quick"), "--decide chooses --runs, --profile itself"),
        (Spec(contenders=("torch",)), "torch is the only contender"),
        (Spec(recipes=("matched", "article-tf")), "one recipe, not for 2"),
    ],
)
def test_what_it_decides_itself_is_not_given(spec: Spec, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        one_recipe(spec)
