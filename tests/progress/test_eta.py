"""Time prediction: literals for the arithmetic, properties for what must hold of any run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan.plan import Plan
from orchestrator.progress.eta import Seen, epoch_work, remaining_seconds
from orchestrator.record.record import Status
from orchestrator.spec.contenders import Contender
from shared.events import EpochEnded
from shared.recipe import Recipe, Slice, Training, multiplications_per_image
from tests.support.plans import plan_of
from tests.support.recipes import dense

TORCH, TF = Contender("torch", "2.13.0"), Contender("tf", "2.21.0")
SMALL = dense("small", Training(2, 100, "sequential"), Slice("train", 0, 1000), Slice("test", 0, 1000))
TWICE = replace(SMALL, name="twice", training=replace(SMALL.training, epochs=4))


def of(*contenders: Contender, recipes: tuple[Recipe, ...] = (SMALL,), seeds: int = 1) -> Plan:
    return plan_of(contenders, recipes, threads=1, seeds=seeds)


def epoch(number: int, seconds: float, evaluation_seconds: float = 0.0) -> EpochEnded:
    return EpochEnded(number, 1000, seconds, evaluation_seconds, 1.0, 0.5, 1.0, 0.5)


def done(elapsed_seconds: float, *epochs: EpochEnded) -> Seen:
    return Seen(elapsed_seconds, 0.0, epochs, Status.DONE)


def test_the_work_of_an_epoch_is_three_forward_passes_to_train_and_one_to_evaluate() -> None:
    assert epoch_work(SMALL) == (3 * 1000 + 1000) * multiplications_per_image(SMALL)


def test_nothing_is_predicted_before_an_epoch_has_ended() -> None:
    assert remaining_seconds(of(TORCH), {}) is None
    assert remaining_seconds(of(TORCH), {"torch-2.13.0.small.s1": Seen(9.0, 9.0)}) is None


def test_a_running_trial_needs_its_other_epochs_less_what_it_spent_on_the_present_one() -> None:
    seen = {"torch-2.13.0.small.s1": Seen(12.0, 1.5, (epoch(1, 4.0, 1.0),))}
    assert remaining_seconds(of(TORCH), seen) == pytest.approx(5.0 - 1.5)


def test_an_epoch_longer_than_predicted_does_not_turn_the_time_negative() -> None:
    seen = {"torch-2.13.0.small.s1": Seen(100.0, 90.0, (epoch(1, 4.0),))}
    assert remaining_seconds(of(TORCH), seen) == 0.0


def test_the_next_seed_costs_what_the_last_one_did_with_its_start() -> None:
    seen = {"torch-2.13.0.small.s1": done(10.0, epoch(1, 3.0), epoch(2, 3.0))}
    assert remaining_seconds(of(TORCH, seeds=2), seen) == pytest.approx(4.0 + 6.0)


def test_a_started_trial_without_an_epoch_has_spent_part_of_its_prediction() -> None:
    seen = {"torch-2.13.0.small.s1": done(10.0, epoch(1, 3.0), epoch(2, 3.0)), "torch-2.13.0.small.s2": Seen(3.0, 3.0)}
    assert remaining_seconds(of(TORCH, seeds=2), seen) == pytest.approx(7.0)


def test_another_recipe_of_the_same_contender_is_scaled_by_its_work() -> None:
    seen = {
        "torch-2.13.0.small.s1": done(8.0, epoch(1, 3.0), epoch(2, 3.0)),
        "tf-2.21.0.small.s1": done(28.0, epoch(1, 13.0), epoch(2, 13.0)),
        "tf-2.21.0.twice.s1": done(54.0, *(epoch(number, 13.0) for number in (1, 2, 3, 4))),
    }
    assert remaining_seconds(of(TORCH, TF, recipes=(SMALL, TWICE)), seen) == pytest.approx(2.0 + 4 * 3.0)


def test_a_contender_not_seen_yet_is_expected_to_be_like_the_others() -> None:
    seen = {"torch-2.13.0.small.s1": done(8.0, epoch(1, 3.0), epoch(2, 3.0))}
    assert remaining_seconds(of(TORCH, TF), seen) == pytest.approx(8.0)


def test_a_time_limit_spent_in_silence_is_not_expected_of_the_next_trial() -> None:
    seen = {"torch-2.13.0.small.s1": Seen(600.0, 595.0, (epoch(1, 3.0),), Status.TIMED_OUT)}
    assert remaining_seconds(of(TORCH, seeds=2), seen) == pytest.approx(2.0 + 6.0)


def test_nothing_is_left_when_all_have_ended_even_where_nothing_was_learnt() -> None:
    assert remaining_seconds(of(TORCH), {"torch-2.13.0.small.s1": Seen(1.0, 1.0, (), Status.FAILED)}) == 0.0


some_seconds = st.floats(min_value=0, max_value=1e6)
statuses = st.sampled_from([None, *Status])


@st.composite
def sights(draw: st.DrawFn) -> Seen:
    epochs = tuple(epoch(at + 1, draw(some_seconds), draw(some_seconds)) for at in range(draw(st.integers(0, 4))))
    return Seen(draw(some_seconds), draw(some_seconds), epochs, draw(statuses))


PLAN = of(TORCH, TF, recipes=(SMALL, TWICE), seeds=2)
runs = st.dictionaries(st.sampled_from([planned.id for planned in PLAN.trials]), sights())


@given(runs)
def test_time_left_is_never_negative(seen: dict[str, Seen]) -> None:
    left = remaining_seconds(PLAN, seen)
    assert left is None or left >= 0


@given(runs)
def test_time_left_is_nothing_once_all_have_ended(seen: dict[str, Seen]) -> None:
    ended = {planned.id: seen.get(planned.id, Seen(0.0, 0.0)) for planned in PLAN.trials}
    assert remaining_seconds(PLAN, {name: replace(one, status=Status.FAILED) for name, one in ended.items()}) == 0.0


@given(sights(), some_seconds)
def test_waiting_never_adds_to_the_time_left(one: Seen, waited: float) -> None:
    first = PLAN.trials[0].id
    later = replace(
        one, elapsed_seconds=one.elapsed_seconds + waited, since_epoch_seconds=one.since_epoch_seconds + waited
    )
    before, after = remaining_seconds(PLAN, {first: one}), remaining_seconds(PLAN, {first: later})
    if one.status is None and before is not None and after is not None:
        assert after <= before + 1e-6 * before
