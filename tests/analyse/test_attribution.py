"""What each setting carries: sums, symmetry, intervals and the sentence."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from statistics import fmean

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from orchestrator.analyse.attribution import AttributionError, contributions, make_explanation
from orchestrator.analyse.attribution_text import framework_shares
from orchestrator.analyse.explanation import Attribution, Explanation
from orchestrator.analyse.intervals import mean_interval, ratio_interval
from orchestrator.analyse.summary import TrialSummary
from orchestrator.plan.walk import Order, Walk, make_walk
from orchestrator.record.record import Status
from orchestrator.spec.contenders import parse
from shared.recipe import Sgd
from tests.support.streams import SMALL
from tests.support.summaries import TF, TORCH, failed, trial

NAMES = ("a", "b", "c", "d")
ORDERS = tuple(permutations(NAMES))
numbers = st.floats(-1e6, 1e6)
games = st.lists(numbers, min_size=16, max_size=16)

Game = Callable[[frozenset[str]], float]


def game(values: list[float]) -> Game:
    """Return an outcome for every set of the four settings."""
    return lambda taken: values[sum(2**at for at, name in enumerate(NAMES) if name in taken)]


def carried(outcome: Game, orders: tuple[Order, ...] = ORDERS) -> dict[str, float]:
    path = {order: [outcome(frozenset(order[:at])) for at in range(len(order) + 1)] for order in orders}
    return contributions(orders, path)


@given(games, st.integers(1, 24))
@example([5e-324, *[0.0] * 15], 2)  # half of the smallest number there is rounds to nothing
def test_contributions_add_up_to_the_total_along_any_orders(values: list[float], count: int) -> None:
    total = values[15] - values[0]
    found = carried(game(values), ORDERS[:count])
    tolerance = max(1e-9 * max(map(abs, values)), sys.float_info.min)
    assert math.isclose(sum(found.values()), total, rel_tol=1e-9, abs_tol=tolerance)


def test_contributions_that_do_not_add_up_are_an_error_that_says_so() -> None:
    paths = {NAMES: [0.0, 1.0, 2.0, 3.0, 4.0], ORDERS[1]: [0.0, 1.0, 2.0, 3.0, 9.0]}  # the ends are to be the same
    with pytest.raises(AttributionError, match=r"add up to 6\.5, the total is 4\.0"):
        contributions(list(paths), paths)


@given(games)
def test_over_all_orders_interchangeable_settings_carry_the_same(values: list[float]) -> None:
    def symmetric(taken: frozenset[str]) -> float:
        swapped = frozenset({"a": "b", "b": "a"}.get(name, name) for name in taken)
        return game(values)(taken) + game(values)(swapped)

    found = carried(symmetric)
    assert math.isclose(found["a"], found["b"], rel_tol=1e-9, abs_tol=1e-6)


@given(games)
def test_a_setting_that_changes_nothing_carries_nothing(values: list[float]) -> None:
    assert carried(lambda taken: game(values)(taken - {"c"}))["c"] == 0


def test_two_settings_that_only_act_together_share_what_they_do_over_all_orders_and_not_along_one() -> None:
    def together(taken: frozenset[str]) -> float:
        return 1.0 if {"a", "b"} <= taken else 0.0

    assert carried(together) == pytest.approx({"a": 0.5, "b": 0.5, "c": 0, "d": 0})
    assert carried(together, (NAMES,)) == {"a": 0, "b": 1, "c": 0, "d": 0}


def test_the_interval_of_a_mean_is_students() -> None:
    assert mean_interval([1, 2, 3]) == pytest.approx((2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), abs=1e-5)
    assert mean_interval([1]) is None


def test_a_constant_share_has_an_interval_of_no_width() -> None:
    assert ratio_interval([5, 5.5, 6], [10, 11, 12]) == pytest.approx((0.5, 0.5))


def test_a_whole_that_may_be_0_has_no_shares() -> None:
    assert ratio_interval([1, 2, 3], [-1, 0.5, 1]) is None
    assert ratio_interval([1], [2]) is None


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.5, 1.5)), min_size=3, max_size=8))
def test_a_share_is_in_fiellers_interval_where_students_interval_of_the_rest_holds_0(
    pairs: list[tuple[float, float]],
) -> None:
    """The definition: r bounds the interval where the mean of part − r · whole is just told from 0."""
    parts, wholes = [part for part, _ in pairs], [whole for _, whole in pairs]
    bounds = ratio_interval(parts, wholes)
    assume(bounds is not None and bounds[1] - bounds[0] > 1e-6)
    assert bounds is not None
    assume(max(map(abs, bounds)) < 1e3)
    assert bounds[0] <= fmean(parts) / fmean(wholes) <= bounds[1]
    for bound in bounds:
        interval = mean_interval([part - bound * whole for part, whole in pairs])
        assert interval is not None
        assert min(map(abs, interval)) == pytest.approx(0, abs=1e-6 * max(1.0, abs(bound)))


WAY: Walk = make_walk((parse("tf"), SMALL), (parse("torch"), SMALL))


def seeded(*pairs: tuple[float, float]) -> tuple[TrialSummary, ...]:
    """Return a trial at each end for every seed, with these final validation losses."""
    return tuple(
        trial(contender, "small", seed=seed, curves=([0.9, 0.8, 0.7], [0.9, 0.8, loss]))
        for seed, pair in enumerate(pairs, start=1)
        for contender, loss in zip((TF, TORCH), pair, strict=True)
    )


def of(found: Explanation, outcome: str) -> Attribution:
    return next(each for each in found.attributions if each.outcome == outcome)


def test_one_step_carries_the_whole_difference_of_every_seed() -> None:
    loss = of(make_explanation(WAY, seeded((0.5, 0.4), (0.6, 0.45))), "val-loss")
    assert loss.total is not None
    assert loss.total.values == pytest.approx((-0.1, -0.15))
    assert loss.contributions[0].values == loss.total.values
    assert loss.start == pytest.approx(0.55)
    assert loss.end == pytest.approx(0.425)


def test_all_five_outcomes_are_explained() -> None:
    found = make_explanation(WAY, seeded((0.5, 0.4)))
    outcomes = ["val-loss", "val-accuracy", "steepness", "smoothness", "epoch-seconds"]
    assert [each.outcome for each in found.attributions] == outcomes
    assert all(each.total for each in found.attributions)


def test_one_seed_has_neither_intervals_nor_shares() -> None:
    loss = of(make_explanation(WAY, seeded((0.5, 0.4))), "val-loss")
    assert (loss.contributions[0].interval, loss.contributions[0].share) == (None, None)
    assert "(one seed)" in loss.sentence
    assert loss.sentence.endswith("No share is given of a difference that may be noise: one seed has no interval.")


def test_a_difference_that_may_be_noise_has_no_shares() -> None:
    loss = of(make_explanation(WAY, seeded((0.5, 0.4), (0.4, 0.5))), "val-loss")
    assert loss.contributions[0].share is None
    assert "its 95 % interval holds 0" in loss.sentence


def test_the_sentence_says_what_the_framework_carries() -> None:
    assert make_explanation(WAY, seeded((0.5, 0.4), (0.6, 0.5), (0.7, 0.6))).sentence == (
        "Of the difference of −0.100 nats in final validation loss (3 seeds) from small in tf==2.21.0 to small in "
        "torch==2.13.0, the framework carries −0.100 nats (100 %, 95 % interval 100 % to 100 %)."
    )


def test_a_seed_with_a_diverged_cell_is_left_out_and_named() -> None:
    diverged = trial(TORCH, "small", seed=3, curves=([0.9, None], [0.8, None]))
    found = make_explanation(WAY, (*seeded((0.5, 0.4), (0.6, 0.5)), trial(TF, "small", seed=3), diverged))
    loss = of(found, "val-loss")
    assert loss.seeds == (1, 2)
    assert loss.missing == ("seed 3 has no final validation loss for small in torch==2.13.0",)


def test_an_outcome_without_a_whole_seed_is_said_to_be_not_explained() -> None:
    cut = (trial(TF, "small"), failed(TORCH, "small", status=Status.INTERRUPTED))
    found = make_explanation(WAY, cut)
    assert found.sentence == (
        "The difference in final validation loss is not explained: "
        "seed 1 has no final validation loss for small in torch==2.13.0."
    )
    assert all(each.total is None for each in found.attributions)


def test_too_few_epochs_leave_only_what_they_carry() -> None:
    short = tuple(trial(name, "small", curves=([0.4], [0.3])) for name in (TF, TORCH))
    found = make_explanation(WAY, short)
    assert [each.outcome for each in found.attributions if each.total] == ["val-loss", "val-accuracy", "epoch-seconds"]


def test_the_frameworks_share_is_listed_for_every_outcome_and_noise_is_called_noise() -> None:
    found = make_explanation(WAY, seeded((0.5, 0.4), (0.6, 0.5), (0.7, 0.6)))
    assert framework_shares(found.attributions) == (
        "The framework's share: final validation loss 100 % (95 % interval 100 % to 100 %); final validation "
        "accuracy not told from noise; steepness not told from noise; roughness not told from noise; seconds per epoch "
        "not told from noise."
    )


def test_where_the_framework_is_one_it_has_no_share() -> None:
    way = make_walk((parse("tf"), SMALL), (parse("tf"), replace(SMALL, name="other", optimizer=Sgd(0.1))))
    ends = [trial(TF, name, curves=([0.9], [loss])) for name, loss in (("small", 0.9), ("other", 0.8))]
    found = make_explanation(way, ends)
    assert framework_shares(found.attributions) == ""
    assert (
        "none is the framework's, the same at both ends; of the other settings sgd learning_rate 0.01 → 0.1 carries"
        in found.sentence
    )
