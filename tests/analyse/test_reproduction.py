"""Whether a repetition agrees with its original, result by result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.analyse.reproduction import Reproduction, check_recipes, reproduction
from orchestrator.analyse.summary import TrialSummary
from orchestrator.errors import UsageError
from orchestrator.record.record import Status
from orchestrator.spec.recipes import load
from shared.recipe import Sgd
from tests.analyse.test_run_difference import HOST, LOSSES, run, trials
from tests.support.summaries import TF, TORCH

APART = ([0.9, 0.8, 0.7, 0.6, 0.5 + 3e-6], LOSSES[1])


def of(found: Reproduction, about: str) -> list[tuple[str, str]]:
    return [(each.state, each.words) for each in found.agreements if each.about == about]


def test_the_same_again_is_reproduced() -> None:
    found = reproduction(run("a"), run("b"))
    assert (found.verdict, found.sentence) == ("agrees", "reproduced: all 3 results agree")
    assert of(found, "training") == [("agrees", "losses are equal to the last bit")] * 2
    ((state, words),) = of(found, "speed")
    assert state == "agrees"
    assert words.startswith("0.802× → 0.802×: no change of 3 % or more [−")


def test_a_ratio_that_changed_is_not_reproduced() -> None:
    found = reproduction(run("a"), run("b", trials(0.9)))
    assert (found.verdict, found.sentence) == ("differs", "not reproduced: 1 of 3 results differs")
    ((state, words),) = of(found, "speed")
    assert (state, "the ratio grew by" in words) == ("differs", True)


def test_without_an_interval_nothing_is_said_to_agree() -> None:
    found = reproduction(run("a", trials(blocks=2)), run("b", trials(blocks=2)))
    assert found.verdict == "no-interval"
    assert found.sentence == "not decided: 1 of 3 results has no interval, the 2 others agree"
    assert of(found, "speed")[0][1].endswith("no claim: 2 and 2 blocks; an interval of the change needs 6 in each run")


def test_losses_that_part_are_judged_by_the_accuracies_of_the_seeds() -> None:
    def seeds(count: int, shift: float = 0.0, **changes: Any) -> list[TrialSummary]:
        return [
            each.replace(id=f"{each.id}.{seed}", seed=seed, test_accuracy=0.97 + shift + 0.0001 * seed)
            for seed in range(1, count + 1)
            for each in trials(blocks=6, **changes)
        ]

    one = reproduction(run("a", seeds(1)), run("b", seeds(1, curves=APART)))
    assert of(one, "training")[0] == (
        "no-interval",
        "losses are at most 3.0e-06 nats apart; test accuracy: no claim: 1 seed; an interval needs 3 (+0.00 points)",
    )
    several = reproduction(run("a", seeds(4)), run("b", seeds(4, curves=APART)))
    assert of(several, "training")[0][0] == "agrees"
    worse = reproduction(run("a", seeds(4)), run("b", seeds(4, -0.02, curves=APART)))
    assert of(worse, "training")[0][0] == "differs"


def test_a_trial_that_ended_otherwise_differs() -> None:
    broken = [
        each.replace(status=Status.FAILED, reason="out of memory") if each.id == "to.8" else each for each in trials()
    ]
    found = reproduction(run("a"), run("b", broken))
    assert of(found, "trials") == [("differs", "done → failed: out of memory")]
    assert found.verdict == "differs"


def test_an_interval_wider_than_the_margin_is_said_to_be() -> None:
    scattered = [
        each.replace(images_per_second=(each.images_per_second or 0) * (1 + 0.05 * (each.run % 3)))
        if each.contender == TORCH
        else each
        for each in trials()
    ]
    found = reproduction(run("a", scattered), run("b", scattered))
    assert (
        found.sentence == "reproduced: all 3 results agree, 1 of them within an interval that is wider than the margin"
    )


def test_another_machine_is_no_hindrance_and_is_told() -> None:
    found = reproduction(run("a"), run("b", host={**HOST, "cpu": "another processor"}))
    assert found.verdict == "agrees"
    assert [(each.barrier, each.allowed) for each in found.difference.barriers] == [("machine", True)]


def test_images_are_named_whether_they_are_the_same_or_not() -> None:
    images = {"images": {TF: "sha256:00", TORCH: "sha256:01"}}
    built = {"images": {TF: "sha256:00", TORCH: "sha256:02"}}
    found = reproduction(run("a", manifest=images), run("b", manifest=built)).images
    assert [(each.name, each.before == each.after) for each in found] == [(TF, True), (TORCH, False)]


def test_a_recipe_that_has_changed_since_is_not_run_under_its_name() -> None:
    recipe = load("article-torch")
    check_recipes(run("a"), [recipe])
    with pytest.raises(UsageError, match="article-torch of this bakeoff is not the recipe that was run") as refused:
        check_recipes(run("a"), [replace(recipe, optimizer=Sgd(learning_rate=0.02))])
    assert refused.value.lines == ("optimizer.learning_rate: 0.01 → 0.02",)
