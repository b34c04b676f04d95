"""Which trials, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.contenders import Contender
from orchestrator.plan import Plan, plan
from tests.streams import SMALL, TORCH

TF = Contender("tf", "2.21.0")
JAX = Contender("jax", "0.5.0", ("x64",))
LARGE = replace(SMALL, name="large")


def planned(*contenders: Contender, seeds: int = 1, runs: int = 1) -> Plan:
    return plan(contenders, [SMALL, LARGE], seeds=seeds, runs=runs, device="cpu", threads=2)


def ids(trials: Plan) -> list[str]:
    return [each.id for each in trials.trials]


def test_four_cells_are_four_trials() -> None:
    assert ids(planned(TF, TORCH)) == [
        "tf-2.21.0.small.s1",
        "torch-2.13.0.small.s1",
        "tf-2.21.0.large.s1",
        "torch-2.13.0.large.s1",
    ]


def test_another_contender_begins_with_each_seed() -> None:
    small = [name for name in ids(planned(TF, TORCH, JAX, seeds=3)) if ".small." in name]
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
    assert ids(planned(TF, runs=2)) == [
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
    assert len(set(ids(trials))) == len(cells)


@given(st.integers(1, 4), st.integers(1, 3))
def test_no_contender_begins_more_often_than_another_by_more_than_once(seeds: int, runs: int) -> None:
    first = [each.contender for each in planned(TF, TORCH, seeds=seeds, runs=runs).trials[::2]]
    begun = Counter(first[::2])  # a block holds two recipes
    assert abs(begun[TF] - begun[TORCH]) <= 1
