"""Whether accuracies are the same within a margin, over seeds."""

from __future__ import annotations

from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from orchestrator.analyse.accuracy_equivalence import AccuracyVerdict, judge_accuracies, seeds_needed


def test_an_interval_within_the_margin_is_equality() -> None:
    found = judge_accuracies([0.001, 0.002, -0.001, 0.003])
    assert (found.verdict, found.seeds, found.margin, found.seeds_needed) == ("equivalent", 4, 0.005, None)
    assert found.words == "equal within 0.5 points [−0.08, +0.33]"
    assert found.difference == pytest.approx(0.00125)


def test_an_interval_beyond_the_margin_is_a_difference() -> None:
    assert judge_accuracies([0.011, 0.012, 0.011, 0.010]).words == "higher by more than 0.5 points [+1.00, +1.20]"
    assert judge_accuracies([-0.011, -0.012, -0.011, -0.010]).words == "lower by more than 0.5 points [−1.20, −1.00]"


def test_what_is_not_decided_comes_with_the_seeds_that_the_margin_takes() -> None:
    found = judge_accuracies([0.001, 0.012, -0.011, 0.003])
    assert (found.verdict, found.seeds_needed) == ("not-decided", 41)
    assert found.words == "not decided [−0.99, +1.24]: equality within 0.5 points takes about 41 seeds here"


def test_a_margin_that_no_number_of_seeds_reaches_is_said() -> None:
    found = judge_accuracies([0.001, 0.012, -0.011, 0.003], margin=0.0005)
    assert (found.verdict, found.seeds_needed) == ("not-decided", None)
    assert found.words == "not decided [−0.99, +1.24]: equality within 0.05 points takes more than 1000 seeds here"


@pytest.mark.parametrize(("seeds", "words"), [(0, "0 seeds"), (1, "1 seed"), (2, "2 seeds")])
def test_fewer_than_three_seeds_claim_nothing(seeds: int, words: str) -> None:
    found = judge_accuracies([0.001] * seeds)
    assert (found.verdict, found.interval) == ("no-claim", None)
    assert found.words == f"no claim: {words}; an interval needs 3"
    assert found.difference == (0.001 if seeds else None)


def test_the_same_difference_in_every_seed_has_an_interval_of_no_width() -> None:
    assert judge_accuracies([0.0, 0.0, 0.0]).words == "equal within 0.5 points [+0.00, +0.00]"


@pytest.mark.parametrize(
    ("scatter", "margin", "seeds"),
    [(0.1, 0.1, 13), (0.2, 0.1, 46), (0.3, 0.1, 100), (0.1, 0.5, 3), (0.2, 0.5, 4), (0.3, 0.5, 6), (9.0, 0.1, None)],
)
def test_the_seeds_that_a_margin_takes(scatter: float, margin: float, seeds: int | None) -> None:
    assert seeds_needed(scatter, margin) == seeds


@given(st.lists(st.floats(-0.02, 0.02), min_size=3, max_size=20).filter(lambda values: stdev(values) > 1e-6))
def test_equality_is_two_one_sided_tests_at_5_percent(differences: list[float]) -> None:
    found = judge_accuracies(differences)
    tests = [
        ttest_1samp(differences, bound, alternative=alternative).pvalue
        for bound, alternative in ((-0.005, "greater"), (0.005, "less"))
    ]
    if abs(max(tests) - 0.05) > 1e-9:
        assert (found.verdict == "equivalent") == (max(tests) < 0.05)


@given(st.lists(st.floats(-0.02, 0.02), max_size=20))
def test_a_verdict_reads_back_as_it_was_written(differences: list[float]) -> None:
    found = judge_accuracies(differences)
    assert AccuracyVerdict.model_validate_json(found.model_dump_json()) == found
