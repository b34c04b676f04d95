"""Which trials are still wanted."""

from __future__ import annotations

from orchestrator.plan.plan import PlannedTrial
from orchestrator.run.enough import Enough
from orchestrator.spec.contenders import Contender
from shared.recipe import Slice, Training
from tests.support.plans import plan_of
from tests.support.recipes import dense

RECIPE = dense("article-tf", Training(5, 32, "framework"), Slice("train", 0, 6000), Slice("train", 6000, 8000))


def trials() -> list[PlannedTrial]:
    """Return two blocks of two trials."""
    return list(plan_of([Contender("torch", "2.13.0"), Contender("tf", "2.21.0")], [RECIPE], seeds=2).trials)


def test_without_a_rule_every_trial_is_wanted() -> None:
    assert all(Enough(None).wants(planned, [], "interrupted") for planned in trials())


def test_a_block_that_was_begun_is_run_to_its_end_and_no_other_once_all_is_decided() -> None:
    answers = iter([False, True])
    enough = Enough(lambda records: next(answers))
    assert [enough.wants(planned, []) for planned in trials()] == [True, True, False, False]


def test_a_block_of_which_a_trial_has_a_record_is_run_to_its_end() -> None:
    first, second, *others = trials()
    enough = Enough(lambda records: True)
    enough.begun(first)
    assert [enough.wants(planned, []) for planned in (second, *others)] == [True, False, False]


def test_nothing_new_is_begun_after_an_interruption() -> None:
    enough = Enough(lambda records: False)
    first, second, third, _ = trials()
    assert enough.wants(first, [])
    assert enough.wants(second, [], "interrupted")
    assert not enough.wants(third, [], "interrupted")
