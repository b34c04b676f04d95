"""Which trials, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.plan import Plan, PlannedTrial, arrange, make_plan
from orchestrator.spec.contenders import Contender
from orchestrator.spec.spec import ExplainSpec
from shared.recipe import Initial
from tests.support.plans import plan_of, resolve_as
from tests.support.streams import SMALL, TORCH

TF = Contender("tf", "2.21.0")
JAX = Contender("jax", "0.5.0", ("x64",))
LARGE = replace(SMALL, name="large")


def planned(*contenders: Contender, seeds: int = 1, runs: int = 1) -> Plan:
    return plan_of(contenders, [SMALL, LARGE], seeds=seeds, runs=runs)


def ids(trials: Iterable[PlannedTrial]) -> list[str]:
    return [planned.id for planned in trials]


def test_four_cells_are_four_trials() -> None:
    assert ids(planned(TF, TORCH).trials) == [
        "tf-2.21.0.small.s1",
        "torch-2.13.0.small.s1",
        "tf-2.21.0.large.s1",
        "torch-2.13.0.large.s1",
    ]


def test_another_contender_begins_with_each_seed() -> None:
    small = [name for name in ids(planned(TF, TORCH, JAX, seeds=3).trials) if ".small." in name]
    assert small == [
        "tf-2.21.0.small.s1",
        "torch-2.13.0.small.s1",
        "jax-x64-0.5.0.small.s1",
        "torch-2.13.0.small.s2",
        "jax-x64-0.5.0.small.s2",
        "tf-2.21.0.small.s2",
        "jax-x64-0.5.0.small.s3",
        "tf-2.21.0.small.s3",
        "torch-2.13.0.small.s3",
    ]


def test_repetitions_are_in_the_name_only_where_there_are_some() -> None:
    assert ids(planned(TF, runs=2).trials) == [
        "tf-2.21.0.small.s1.r1",
        "tf-2.21.0.large.s1.r1",
        "tf-2.21.0.small.s1.r2",
        "tf-2.21.0.large.s1.r2",
    ]


def test_a_trial_carries_all_that_its_worker_must_know() -> None:
    trial = planned(JAX, seeds=2).trials[-1].trial
    assert (trial.contender, trial.recipe, trial.seed) == ("jax[x64]==0.5.0", LARGE, 2)
    assert (trial.device, trial.modes, trial.threads) == ("cpu", ["x64"], 2)


def test_a_plan_names_its_contenders_and_recipes_once() -> None:
    trials = planned(TF, TORCH, seeds=2)
    assert trials.contenders == (TF, TORCH)
    assert trials.recipes == (SMALL, LARGE)


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3))
def test_every_contender_runs_every_recipe_seed_and_run_once(seeds: int, runs: int, contenders: int) -> None:
    trials = planned(*[TF, TORCH, JAX][:contenders], seeds=seeds, runs=runs)
    cells = Counter((each.contender, each.trial.recipe.name, each.trial.seed, each.run) for each in trials.trials)
    assert set(cells.values()) == {1}
    assert len(cells) == contenders * 2 * seeds * runs
    assert len(set(ids(trials.trials))) == len(cells)


@given(st.integers(1, 4), st.integers(1, 3))
def test_no_contender_begins_more_often_than_another_by_more_than_once(seeds: int, runs: int) -> None:
    first = [each.contender for each in planned(TF, TORCH, seeds=seeds, runs=runs).trials[::2]]
    begun = Counter(first[::2])  # a block holds two recipes
    assert abs(begun[TF] - begun[TORCH]) <= 1


MATCHED = replace(SMALL, name="matched", initial=Initial("glorot_uniform", "shared"))


def test_a_row_of_cells_need_not_be_a_full_product_and_starts_with_another_cell_each_block() -> None:
    row = [(TF, SMALL), (TF, LARGE), (TORCH, LARGE)]
    assert ids(arrange([row], resolve_as([TF, TORCH], [SMALL, LARGE], seeds=2), runs=1)) == [
        "tf-2.21.0.small.s1",
        "tf-2.21.0.large.s1",
        "torch-2.13.0.large.s1",
        "tf-2.21.0.large.s2",
        "torch-2.13.0.large.s2",
        "tf-2.21.0.small.s2",
    ]


def test_matched_cells_are_trained_twice_more_with_norms_after_everything_that_is_measured() -> None:
    trials = plan_of([TF, TORCH], [MATCHED, SMALL], seeds=2, parity=True)
    assert ids(trials.trials)[-4:] == [
        "tf-2.21.0.matched.s1.parity1",
        "torch-2.13.0.matched.s1.parity1",
        "tf-2.21.0.matched.s1.parity2",
        "torch-2.13.0.matched.s1.parity2",
    ]
    assert [each.role for each in trials.trials] == ["measured"] * 8 + ["parity"] * 4
    assert [each.trial.norms for each in trials.trials] == [False] * 8 + [True] * 4


def test_a_contender_alone_or_a_recipe_as_written_has_nothing_to_be_held_beside() -> None:
    assert plan_of([TF], [MATCHED], parity=True) == plan_of([TF], [MATCHED])
    assert plan_of([TF, TORCH], [SMALL], parity=True) == plan_of([TF, TORCH], [SMALL])


def test_every_trial_has_the_precision_asked_for() -> None:
    trials = plan_of([TF, TORCH], [MATCHED], precision="float64", parity=True)
    assert {each.trial.precision for each in trials.trials} == {"float64"}


def test_a_spec_to_explain_is_planned_as_a_walk_whose_cells_are_one_row() -> None:
    other = replace(LARGE, training=replace(LARGE.training, batch_size=64))
    plan = make_plan(replace(resolve_as([TF, TORCH], [SMALL, other]), spec=ExplainSpec(seeds=2)))
    assert plan.walk is not None
    assert plan.cells == plan.walk.cells
    assert ids(plan.trials) == [
        "tf-2.21.0.small.s1",
        "tf-2.21.0.large.s1",
        "torch-2.13.0.large.s1",
        "tf-2.21.0.large.s2",
        "torch-2.13.0.large.s2",
        "tf-2.21.0.small.s2",
    ]


def test_a_run_folder_is_named_after_the_contenders_or_the_ends_of_the_walk() -> None:
    assert planned(TF, TORCH, seeds=2).slug == "tf-vs-torch"
    assert planned(TORCH).slug == "torch"
    ends = resolve_as([TF, TORCH], [SMALL, LARGE])
    assert make_plan(replace(ends, spec=ExplainSpec())).slug == "explain-small-large"
