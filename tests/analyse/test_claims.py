"""The article's statements as numbers, from literal curves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyse.claims import DEFINITIONS, claims
from orchestrator.analyse.claims_overall import single_seed_note
from orchestrator.analyse.summary import Claim, Summary, TrialSummary
from orchestrator.record.record import Status
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial

LOSSES = st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=12)


def claim(name: str, one: TrialSummary) -> Claim:
    return next(claim for claim in claims([one]) if claim.id == name)


def test_steepness_is_the_share_of_the_fall_from_a_uniform_guess_reached_in_epoch_one() -> None:
    found = claim("steepness", trial(curves=([math.log(10) - 1.5, 1.0, math.log(10) - 2.0], [1.0, 0.9, 0.8])))
    assert found.value == pytest.approx(0.75)
    assert (found.unit, found.threshold, found.words) == ("share", 0.5, "0.250 above 0.5")
    assert found.distance == pytest.approx(0.25)


def test_a_curve_with_most_of_its_fall_after_epoch_one_is_not_steep() -> None:
    found = claim("steepness", trial(curves=([2.2, 1.5, 0.5], [2.0, 1.0, 0.6])))
    assert found.distance == pytest.approx(0.0569 - 0.5, abs=1e-4)
    assert found.words == "0.443 below 0.5"


def test_a_number_at_the_threshold_is_told_as_such_and_one_near_it_is_no_verdict() -> None:
    start = math.log(10)
    assert claim("steepness", trial(curves=([start - 1, start - 2], [1.0, 0.9]))).words == "at 0.5"
    assert claim("steepness", trial(curves=([start - 0.992, start - 2], [1.0, 0.9]))).words == "0.004 below 0.5"


def test_a_loss_that_ends_above_a_uniform_guess_has_no_steepness() -> None:
    found = claim("steepness", trial(curves=([2.0, 2.4], [2.0, 2.4])))
    assert found.value is None
    assert found.words == "no number: the training loss ended no lower than a uniform guess"


def test_validation_rises_where_the_last_loss_is_above_that_of_epoch_three() -> None:
    found = claim("validation-rises", trial(curves=([0.5, 0.4, 0.3, 0.2, 0.1], [0.30, 0.20, 0.10, 0.09, 0.15])))
    assert found.value == found.distance == pytest.approx(0.05)
    assert found.words == "0.050 above 0"


def test_three_epochs_cannot_decide_what_happens_after_the_third() -> None:
    found = claim("validation-rises", trial(curves=([0.5, 0.4, 0.3], [0.3, 0.2, 0.1])))
    assert (found.value, found.words, found.distance) == (None, "no number: needs 4 epochs", None)


def test_roughness_is_the_upward_share_of_the_validation_curves_variation() -> None:
    found = claim("smoothness", trial(curves=([0.5, 0.4, 0.3, 0.2], [1.0, 0.4, 0.6, 0.4])))
    assert found.value == pytest.approx(0.2)
    assert found.words == "0.150 above 0.05"


def test_a_validation_loss_that_only_falls_has_roughness_zero() -> None:
    assert claim("smoothness", trial(curves=([0.5, 0.4, 0.3], [1.0, 0.4, 0.3]))).value == 0


def test_a_validation_loss_that_does_not_move_has_no_roughness() -> None:
    found = claim("smoothness", trial(curves=([0.5, 0.4, 0.3], [1.0, 1.0, 1.0])))
    assert found.words == "no number: the validation loss did not move"


def test_the_generalisation_gap_is_validation_minus_training_loss_of_the_last_epoch() -> None:
    found = claim("generalisation-gap", trial(curves=([0.9, 0.10], [0.9, 0.13])))
    assert found.value == pytest.approx(0.03)
    assert (found.unit, found.words) == ("nats", "0.030 above 0")


def test_a_failed_trial_with_some_epochs_gives_no_value() -> None:
    one = trial(curves=([0.5, 0.4, 0.3, 0.2], [0.5, 0.4, 0.3, 0.2]), status=Status.TIMED_OUT)
    assert {(found.value, found.words) for found in claims([one])} == {(None, "no number: the trial is timed out")}


def test_a_diverged_trial_gives_no_value() -> None:
    one = trial(curves=([0.5, 0.4, None, None], [0.5, 0.4, 0.3, None]))
    assert {found.words for found in claims([one])} == {"no number: a loss is not finite"}


def test_a_missing_epoch_gives_no_value() -> None:
    rows = trial(curves=([0.5, 0.4, 0.3, 0.2, 0.1], [0.5, 0.4, 0.3, 0.2, 0.1])).epochs
    assert {found.words for found in claims([trial(epochs=(*rows[:1], *rows[2:]))])} == {
        "no number: an epoch is missing"
    }


def test_every_trial_has_every_claim_once() -> None:
    trials = [trial(TF), failed(TORCH)]
    assert {(one.id, one.trial) for one in claims(trials)} == {
        (definition.id, one.id) for definition in DEFINITIONS for one in trials
    }
    assert len(claims(trials)) == len(DEFINITIONS) * 2


@given(LOSSES)
def test_roughness_lies_between_zero_and_one(losses: list[float]) -> None:
    value = claim("smoothness", trial(curves=(losses, losses))).value
    assert value is None or 0 <= value <= 1


@given(LOSSES)
def test_a_distance_stands_exactly_where_a_value_does(losses: list[float]) -> None:
    for found in claims([trial(curves=(losses, losses))]):
        assert (found.value is None) == (found.distance is None) == found.words.startswith("no number: ")


def test_a_crossover_of_one_seed_says_how_far_numbers_go_with_framework_and_recipe_and_judges_nothing() -> None:
    steepness, *_ = crossover().readings
    assert steepness == (
        "Steepness: its number (share) differs by 0.0183 between frameworks within a recipe and by 0.714 between "
        "recipes within a framework (means of the ranges)."
    )


STEEP, FLAT = ([0.4, 0.2], [0.3, 0.2]), ([2.2, 0.2], [2.0, 0.2])


def test_a_claim_that_only_the_recipe_changes_over_six_seeds_follows_the_recipe() -> None:
    found = two_by_two(STEEP, FLAT, STEEP, FLAT, seeds=6).readings[0]
    assert found.startswith(
        "Steepness: over these seeds it follows the recipe: changing the framework alone never changes"
    )
    assert "; its number (share) differs by 0 between frameworks within a recipe" in found


def test_a_claim_that_only_the_framework_changes_over_six_seeds_follows_the_framework() -> None:
    found = two_by_two(STEEP, STEEP, FLAT, FLAT, seeds=6).readings[0]
    assert found.startswith("Steepness: over these seeds it follows the framework: ")


def test_a_claim_that_holds_in_one_cell_only_follows_neither() -> None:
    assert "follows neither" in two_by_two(STEEP, FLAT, FLAT, FLAT, seeds=6).readings[0]


def test_a_claim_with_one_verdict_everywhere_separates_nothing() -> None:
    assert "it holds in every cell" in two_by_two(STEEP, STEEP, STEEP, STEEP, seeds=6).readings[0]


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_fewer_than_six_seeds_follow_nothing(seeds: int) -> None:
    assert two_by_two(STEEP, FLAT, STEEP, FLAT, seeds=seeds).readings[0].startswith("Steepness: its number (share)")


def test_a_cell_without_a_number_is_named_instead_of_read_over() -> None:
    trials = (trial(TF), failed(TORCH))
    found = summary(*trials, kind="crossover").readings[0]
    assert found == f"Steepness: not read across the cells, because there is no number for {TORCH} · article-tf."


def test_a_cell_of_several_seeds_is_read_by_its_median() -> None:
    trials = [
        trial(name, seed=seed, curves=([2.0, 0.2], [last + (name == TORCH), last + (name == TORCH)]))
        for seed, last in ((1, 0.1), (2, 0.3), (3, 7.0))
        for name in (TF, TORCH)
    ]
    assert "differs by 1 between frameworks" in summary(*trials, kind="crossover").readings[3]


def test_only_a_crossover_is_read() -> None:
    assert summary(trial()).readings == ()


def test_one_seed_is_said_to_prove_little_and_more_seeds_are_not() -> None:
    assert "another seed" in single_seed_note([1])
    assert single_seed_note([1, 2]) == ""


Curves = tuple[list[float], list[float]]


def two_by_two(tf_a: Curves, tf_b: Curves, torch_a: Curves, torch_b: Curves, seeds: int = 1) -> Summary:
    cells = {(TF, "a"): tf_a, (TF, "b"): tf_b, (TORCH, "a"): torch_a, (TORCH, "b"): torch_b}
    trials = [
        trial(*place, curves=curves, seed=seed) for seed in range(1, seeds + 1) for place, curves in cells.items()
    ]
    return summary(*trials, kind="crossover")
