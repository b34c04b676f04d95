"""Which trials take turns with each other, and why a run's do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.engines.engine import Prepared
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.plan.plan import make_plan
from orchestrator.run.block import blocks
from orchestrator.run.one_trial import TrialSetup
from orchestrator.run.turn_choice import TurnChoice, choose_turns
from orchestrator.spec.contenders import Contender
from tests.support.plans import plan_of, resolve_as
from tests.support.streams import LABELS, SMALL

TF, TORCH, OLD = Contender("tf", "1"), Contender("torch", "1"), Contender("old", "1")
GIB = 2**30


def prepared(*able: Contender, unable: tuple[Contender, ...] = ()) -> dict[str, Prepared]:
    return {each.written: Prepared(each, "image", each.name, takes_turns=each in able) for each in (*able, *unable)}


def names(block: Any) -> list[str]:
    return [planned.contender.name for planned in block]


def test_contenders_of_one_recipe_seed_and_run_take_turns_and_say_so_in_their_trials() -> None:
    found = blocks(plan_of([TF, TORCH], [SMALL], seeds=2).trials, prepared(TF, TORCH))
    assert [names(block) for block in found] == [["tf", "torch"], ["tf", "torch"]]
    assert all(planned.trial.turns for block in found for planned in block)
    assert [{planned.trial.seed for planned in block} for block in found] == [{1}, {2}]


def test_recipes_do_not_take_turns_with_each_other() -> None:
    other = replace(SMALL, name="other")
    found = blocks(plan_of([TF, TORCH], [SMALL, other]).trials, prepared(TF, TORCH))
    assert [{planned.trial.recipe.name for planned in block} for block in found] == [{SMALL.name}, {"other"}]


def test_one_that_cannot_trains_as_a_whole_beside_those_that_can() -> None:
    found = blocks(plan_of([TF, OLD, TORCH], [SMALL]).trials, prepared(TF, TORCH, unable=(OLD,)))
    assert [names(block) for block in found] == [["tf", "torch"], ["old"]]
    assert [block[0].trial.turns for block in found] == [True, False]


def test_one_that_can_has_nobody_to_take_turns_with() -> None:
    found = blocks(plan_of([TF, OLD], [SMALL]).trials, prepared(TF, unable=(OLD,)))
    assert [planned.trial.turns for block in found for planned in block] == [False, False]


def choice(*contenders: Contender, memory: int | None = 64 * GIB, **asked: Any) -> TurnChoice:
    detach = asked.pop("detach", False)
    resolved = resolve_as(contenders, [SMALL], parity=False, **asked)
    ready = prepared(*(each for each in contenders if each is not OLD), unable=(OLD,) if OLD in contenders else ())
    setup = TrialSetup(ScriptedEngine(lambda _: Script()), "", LABELS, prepared=ready, detach=detach)
    return choose_turns(resolved, make_plan(resolved, 1), setup, memory)


def test_turns_are_the_rule_and_their_length_is_the_spec() -> None:
    assert choice(TF, TORCH).seconds == 0.2
    assert choice(TF, TORCH, turn_seconds=1.5).seconds == 1.5


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"relay": False}, "--no-relay"),
        ({"detach": True}, "--detach"),
        ({"memory": 2 * GIB}, "too little memory to take turns (3.1 GiB for all at once, 2.0 GiB there)"),
    ],
)
def test_whole_trials_say_why_they_are(asked: dict[str, Any], why: str) -> None:
    chosen = choice(TF, TORCH, **asked)
    assert chosen.seconds is None
    assert why in chosen.notice


def test_a_machine_of_unknown_memory_is_trusted() -> None:
    assert choice(TF, TORCH, memory=None).seconds == 0.2


def test_a_contender_that_cannot_is_named() -> None:
    assert choice(TF, OLD).notice.endswith("old==1 cannot take turns")
    assert choice(TF, TORCH, OLD).notice.endswith("old==1 cannot, and trains as a whole")


def test_a_single_contender_has_nothing_to_be_told() -> None:
    assert choice(TF) == TurnChoice(None, "")
