"""How far trainings part that started alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.parity import CURVE_POINTS, Steps, read_steps, step_differences
from orchestrator.analyse.summary import StepDifference
from orchestrator.record.record import Record, Status
from tests.analyse.test_findings import record
from tests.support.arrays import npz
from tests.support.summaries import TF, TORCH

Losses = list[float]


def steps(contender: str, losses: Losses, *, trial: str = "", norms: Losses | None = None, **changes: Any) -> Steps:
    kept = None if norms is None else np.array(norms)
    fields: dict[str, Any] = {
        "trial": trial or f"{contender}.s1",
        "contender": contender,
        "recipe": "matched",
        "seed": 1,
        "precision": "float32",
        "losses": np.array(losses, np.float64),
        "gradient_norms": kept,
        "weight_norms": kept,
    }
    return Steps(**{**fields, **changes})


def between(*found: Steps) -> StepDifference:
    (only,) = (each for each in step_differences(found, TF) if each.kind == "between")
    return only


def matched(**changes: Any) -> Record:
    return record(**{"recipe": "matched", "track": "matched", "not_stepwise": "", **changes})


def test_the_largest_difference_is_told_for_the_beginning_and_for_all() -> None:
    late: Losses = [2.0] * 300 + [1.0]
    apart = between(steps(TF, late), steps(TORCH, [2.0, 2.0 + 3e-6, *late[2:300], 1.5]))
    assert apart.contenders == (TF, TORCH)
    assert apart.largest_early == pytest.approx(3e-6, rel=1e-6)
    assert apart.largest == 0.5
    assert (apart.steps, apart.first_beyond) == (301, 301)


def test_trainings_that_stay_within_the_tolerance_never_part() -> None:
    assert between(steps(TF, [2.0, 1.0]), steps(TORCH, [2.0, 1.0 + 9e-6])).first_beyond is None
    assert between(steps(TF, [2.0, 1.0]), steps(TORCH, [2.0, 1.0 + 2e-5])).first_beyond == 2


def test_float64_has_a_tolerance_of_its_own() -> None:
    exact = steps(TF, [2.0, 1.0], precision="float64"), steps(TORCH, [2.0, 1.0 + 2e-12], precision="float64")
    assert between(*exact).first_beyond == 2


def test_a_difference_below_the_floor_of_the_same_container_twice_means_nothing() -> None:
    twice = steps(TF, [2.0, 1.0], trial="a"), steps(TF, [2.0, 1.1], trial="b")
    assert between(*twice, steps(TORCH, [2.0, 1.05])).first_beyond is None
    assert between(*twice, steps(TORCH, [2.0, 1.25])).first_beyond == 2


def test_a_floor_stays_as_high_as_it_once_was() -> None:
    twice = steps(TF, [2.0, 1.0, 1.0], trial="a"), steps(TF, [2.1, 1.0, 1.0], trial="b")
    assert between(*twice, steps(TORCH, [2.0, 1.0, 1.05])).first_beyond is None


def test_every_repetition_of_a_contender_is_held_beside_its_first() -> None:
    found = step_differences([steps(TF, [1.0], trial=name) for name in "abc"] + [steps(TORCH, [1.0])], TF)
    assert [(each.kind, each.trials) for each in found] == [
        ("floor", ("a", "b")),
        ("floor", ("a", "c")),
        ("between", ("a", f"{TORCH}.s1")),
    ]


def test_seeds_and_recipes_are_never_held_beside_each_other() -> None:
    found = step_differences([steps(TF, [1.0]), steps(TORCH, [9.0], seed=2), steps(TORCH, [9.0], recipe="other")], TF)
    assert found == ()


def test_trials_that_kept_norms_are_preferred_because_they_say_more() -> None:
    plain, full = steps(TF, [1.0], trial="plain"), steps(TF, [1.0], trial="full", norms=[2.0])
    apart = between(plain, full, steps(TORCH, [1.0], norms=[3.0]))
    assert apart.trials[0] == "full"
    assert apart.curve.gradient_norm == (0.5,)
    assert between(plain, steps(TORCH, [1.0])).curve.gradient_norm == ()


def test_the_comparison_ends_where_a_loss_is_not_finite() -> None:
    apart = between(steps(TF, [2.0, 1.0, 3.0]), steps(TORCH, [2.0, float("nan"), 3.0]))
    assert (apart.steps, apart.largest) == (1, 0.0)


def test_a_trial_that_ended_early_is_compared_as_far_as_it_came() -> None:
    assert between(steps(TF, [2.0, 1.0, 3.0], norms=[1, 2, 3]), steps(TORCH, [2.0], norms=[1])).steps == 1


_ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(st.lists(_ANY, min_size=1, max_size=900), st.lists(_ANY, min_size=1, max_size=900))
def test_whatever_a_worker_left_a_summary_can_hold_it(first: Losses, second: Losses) -> None:
    apart = between(steps(TF, first, norms=first), steps(TORCH, second, norms=second))
    assert StepDifference.model_validate_json(apart.model_dump_json()) == apart
    assert len(apart.curve.steps) <= CURVE_POINTS
    assert len(apart.curve.loss) == len(apart.curve.gradient_norm) == len(apart.curve.steps)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=900))
def test_thinning_never_loses_the_peak(losses: Losses) -> None:
    apart = between(steps(TF, [0.0] * len(losses)), steps(TORCH, losses))
    assert max(apart.curve.loss) == apart.largest == max(losses)
    assert apart.curve.steps[-1] == len(losses)


def test_steps_are_read_from_a_done_trial_of_the_matched_track() -> None:
    left = npz(losses=[2.0, 1.0], gradient_norms=[1.0, 1.0], weight_norms=[3.0, 3.0])
    found = read_steps(matched(), left)
    assert found is not None
    assert found.losses.tolist() == [2.0, 1.0]
    assert read_steps(matched(status=Status.FAILED), left) is None
    assert read_steps(matched(not_stepwise="dropout draws other masks in each framework"), left) is None


@pytest.mark.parametrize(
    "left",
    [
        None,
        b"PK",
        npz(),
        npz(losses=[]),
        npz(losses=[[1.0]]),
        npz(losses=[1.0], gradient_norms=[1.0, 2.0]),
        npz(losses=["a"]),
        npz(losses=3.0),
    ],
)
def test_steps_that_are_none_of_the_contracts_are_no_steps(left: bytes | None) -> None:
    assert read_steps(matched(), left) is None


def test_a_row_of_steps_may_lack_norms() -> None:
    found = read_steps(matched(), npz(losses=np.array([1.0], np.float32)))
    assert found is not None
    assert found.weight_norms is None
