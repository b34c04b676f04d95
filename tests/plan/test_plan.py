"""Which trials, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.block_order import draw_order
from orchestrator.plan.plan import Plan, PlannedTrial, arrange, draw_seed, make_plan
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


def test_the_order_within_each_block_is_drawn_for_every_recipe_by_itself() -> None:
    trials = plan_of([TF, TORCH, JAX], [SMALL, LARGE], seeds=4, order_seed=11).trials
    blocks = [[planned.contender.name for planned in trials[at : at + 3]] for at in range(0, len(trials), 3)]
    small = draw_order(["tf", "torch", "jax"], 4, 11)
    large = draw_order(["tf", "torch", "jax"], 4, 12)
    assert [tuple(block) for block in blocks] == [block for pair in zip(small, large, strict=True) for block in pair]
    assert small != large


def test_blocks_run_one_after_another_whatever_the_lots() -> None:
    trials = plan_of([TF, TORCH], [SMALL, LARGE], seeds=2, runs=2, order_seed=5).trials
    assert [(each.run, each.trial.seed, each.trial.recipe.name) for each in trials[::2]] == [
        (run, seed, recipe) for run in (1, 2) for seed in (1, 2) for recipe in ("small", "large")
    ]


def test_cells_and_contenders_stand_in_the_order_asked_for_whatever_the_lots() -> None:
    plans = [plan_of([TF, TORCH, JAX], [SMALL, LARGE], order_seed=seed) for seed in range(5)]
    as_asked = plan_of([TF, TORCH, JAX], [SMALL, LARGE])
    assert as_asked.contenders == (TF, TORCH, JAX)
    assert all(plan.cells == as_asked.cells for plan in plans)
    assert len({tuple(ids(plan.trials)) for plan in plans}) > 1


def test_a_seed_is_fresh_for_each_run_and_a_plan_to_look_at_has_none() -> None:
    assert len({draw_seed() for _ in range(100)}) == 100
    assert plan_of([TF], [SMALL], order_seed=7).drawn_from == 7
    with pytest.raises(ValueError, match="not drawn"):
        _ = planned(TF).drawn_from


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


MATCHED = replace(SMALL, name="matched", initial=Initial("glorot_uniform", "shared"))


def test_a_row_of_cells_need_not_be_a_full_product() -> None:
    row = [(TF, SMALL), (TF, LARGE), (TORCH, LARGE)]
    names = ["tf-2.21.0.small", "tf-2.21.0.large", "torch-2.13.0.large"]
    drawn = [f"{name}.s{seed}" for seed, order in enumerate(draw_order(names, 2, 3), start=1) for name in order]
    assert ids(arrange([row], resolve_as([TF, TORCH], [SMALL, LARGE], seeds=2), 3)) == drawn
    assert drawn != [f"{name}.s{seed}" for seed in (1, 2) for name in names]


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
    plan = make_plan(replace(resolve_as([TF, TORCH], [SMALL, other]), spec=ExplainSpec(seeds=2)), 3)
    names = ["tf-2.21.0.small", "tf-2.21.0.large", "torch-2.13.0.large"]
    drawn = [f"{name}.s{seed}" for seed, order in enumerate(draw_order(names, 2, 3), start=1) for name in order]
    assert plan.walk is not None
    assert plan.cells == plan.walk.cells
    assert ids(plan.trials) == drawn


def test_a_run_folder_is_named_after_the_contenders_or_the_ends_of_the_walk() -> None:
    assert planned(TF, TORCH, seeds=2).slug == "tf-vs-torch"
    assert planned(TORCH).slug == "torch"
    ends = resolve_as([TF, TORCH], [SMALL, LARGE])
    assert make_plan(replace(ends, spec=ExplainSpec()), None).slug == "explain-small-large"
