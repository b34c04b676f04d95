"""Contenders against the reference: which trials make a ratio, and what is said of the ratios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from orchestrator.analyse.accuracy_over_seeds import accuracy_equivalences
from orchestrator.analyse.claim_forecast import claim_forecast
from orchestrator.analyse.ratios import metric_ratios, short_trials, with_ratios
from orchestrator.analyse.summary import Audit, MetricRatio, TrialSummary
from orchestrator.report.captions import way_to_a_claim
from orchestrator.spec.spec import Spec
from tests.support.summaries import TF, TORCH, comparison, failed, trial

OTHER = "jax==0.5.0"
FIVE = ([0.5, 0.4, 0.3, 0.2, 0.1], [0.5, 0.4, 0.3, 0.2, 0.1])
"""Curves of five epochs: with 1,000 images/s and 6,000 images an epoch they are 30 s of training."""


def blocks(speeds: Sequence[float], contender: str = TORCH, **changes: Any) -> Iterator[TrialSummary]:
    """Yield a block a speed: the reference with 1,000 images/s, the contender with this many times as much."""
    for run, speed in enumerate(speeds, start=1):
        yield trial(TF, curves=FIVE, run=run, **changes)
        yield trial(contender, curves=FIVE, run=run, images_per_second=1000 * speed, **changes)


def throughput(*trials: TrialSummary, audits: Sequence[Audit] = (), **changes: Any) -> MetricRatio:
    rows = metric_ratios(comparison(*trials, **changes), trials, audits)
    (row,) = (row for row in rows if row.metric == "throughput")
    return row


def audit(recipe: str, *, agrees: bool) -> Audit:
    worst = {"worst_tensor": "logits", "worst_norm_relative_error": 0.1, "tolerance": 1e-4}
    return Audit(trial="t", contender=TF, recipe=recipe, tensors=9, agreeing=8 + agrees, agrees=agrees, **worst)


def test_six_blocks_on_one_side_are_a_difference_with_its_interval() -> None:
    row = throughput(*blocks([1.10, 1.11, 1.12, 1.13, 1.14, 1.15]))
    assert (row.verdict.verdict, row.verdict.words) == ("higher", "faster by 12.5 % [10.0, 15.0]")
    assert row.verdict.interval == pytest.approx((1.10, 1.15))
    assert (row.verdict.level, row.verdict.blocks) == (0.95, 6)


def test_five_blocks_are_no_claim_and_keep_their_ratio() -> None:
    row = throughput(*blocks([1.1] * 5))
    assert row.verdict.words == "no claim: 5 blocks; an exact 95 % interval needs 6"
    assert row.verdict.estimate == pytest.approx(1.1)
    assert row.verdict.interval is None


def test_ratios_stand_in_the_order_of_running_whatever_the_order_of_the_trials() -> None:
    trials = [
        trial(name, curves=FIVE, run=run, seed=seed, images_per_second=1000 + (10 * run + seed) * (name == TORCH))
        for seed in (2, 1)
        for run in (2, 1)
        for name in (TORCH, TF)
    ]
    assert throughput(*trials, reference=TF).ratios == pytest.approx((1.011, 1.012, 1.021, 1.022))


def test_a_block_counts_where_both_trials_are_done() -> None:
    first, second, third = ([*blocks([1.5, 1.25, 2.0])][at : at + 2] for at in (0, 2, 4))
    broken = failed(TORCH, run=1)
    assert throughput(first[0], broken, *second, *third).ratios == (1.25, 2.0)


@pytest.mark.parametrize("changes", [{"role": "parity"}, {"reused_from": "20261122-081500-earlier"}])
def test_parity_trials_and_trials_of_earlier_runs_never_count(changes: dict[str, Any]) -> None:
    trials = [*blocks([1.5]), *blocks([9.0], seed=2, **changes)]
    assert throughput(*trials).ratios == (1.5,)


def test_a_red_audit_leaves_its_recipe_out() -> None:
    trials = [*blocks([1.5], recipe="small"), *blocks([2.0], recipe="large")]
    audits = [audit("small", agrees=False), audit("large", agrees=True)]
    assert throughput(*trials, audits=audits).recipe == "large"
    equal = accuracy_equivalences(comparison(*trials), trials, audits)
    assert [row.recipe for row in equal] == ["large"]
    assert [each.ratio_to_reference for each in with_ratios(trials, TF, audits)] == [None, None, 1.0, 2.0]


def test_a_trials_ratio_is_to_the_reference_of_its_own_block() -> None:
    trials = [*blocks([1.5, 3.0]), trial(TORCH, run=9)]
    assert [each.ratio_to_reference for each in with_ratios(trials, TF, [])] == [1.0, 1.5, 1.0, 3.0, None]


@pytest.mark.parametrize(
    ("epochs", "speed", "took"),
    [(4, 1000.0, "4 epochs, 24.0 s"), (5, 6100.0, "5 epochs, 4.9 s"), (1, 1000.0, "1 epoch, 6.0 s")],
)
def test_what_is_too_short_to_time_is_no_claim(epochs: int, speed: float, took: str) -> None:
    curves = (FIVE[0][:epochs], FIVE[1][:epochs])
    trials = [
        trial(name, curves=curves, run=run, images_per_second=speed) for run in range(1, 13) for name in (TF, TORCH)
    ]
    told = f"no claim: too short to time ({took}); a trial needs 5 epochs and 5 s of training"
    row = throughput(*trials)
    assert (row.verdict.words, row.verdict.interval, row.verdict.estimate) == (told, None, 1.0)
    assert len(short_trials(comparison(*trials), trials)) == 24


def test_five_epochs_of_five_seconds_together_are_long_enough() -> None:
    trials = [trial(name, curves=FIVE, run=run, images_per_second=6000) for run in range(1, 7) for name in (TF, TORCH)]
    assert short_trials(comparison(*trials), trials) == ()
    assert throughput(*trials).verdict.verdict == "no-difference"


def test_the_comparisons_of_a_report_share_the_error() -> None:
    trials = [*blocks([1.1] * 6), *blocks([1.1] * 6, contender=OTHER)]
    rows = metric_ratios(comparison(*trials), trials, [])
    told = {row.contender: row.verdict.words for row in rows if row.metric == "throughput"}
    assert told == dict.fromkeys((TORCH, OTHER), "no claim: 6 blocks; an exact 97.5 % interval needs 7")


def test_a_comparison_that_comes_to_nothing_counts_among_them_all_the_same() -> None:
    trials = [*blocks([1.1] * 6), *(failed(OTHER, run=run) for run in range(1, 7))]
    assert throughput(*trials).verdict.level == 0.975


def test_another_reference_turns_the_ratio_round() -> None:
    trials = tuple(blocks([1.25] * 6))
    row = throughput(*trials, reference=TORCH)
    assert (row.contender, row.reference, row.ratios[0]) == (TF, TORCH, 0.8)
    assert row.verdict.words == "slower by 20.0 % [20.0, 20.0]"


def test_the_margin_asked_for_judges() -> None:
    trials = tuple(blocks([0.98, 1.0, 1.01, 1.02, 0.99, 1.01]))
    assert throughput(*trials, margin=0.03).verdict.words.startswith("no difference of 3 % or more")
    assert throughput(*trials, margin=0.01).verdict.words.startswith("not decided")


def test_costs_are_estimated_with_an_interval_and_never_claimed() -> None:
    trials = [
        each.replace(phases={"import": 2.0, "data": 1.0, "build": factor, "first_step": factor}, peak_memory_bytes=10)
        for factor, each in zip([1.0, 5.0] * 6, blocks([2.0] * 6), strict=True)
    ]
    rows = {row.metric: row for row in metric_ratios(comparison(*trials), trials, [])}
    assert list(rows) == ["throughput", "first_step_seconds", "start_up_seconds", "peak_memory_bytes"]
    assert [rows[name].verdict.estimate for name in list(rows)[1:]] == pytest.approx([5.0, 2.0, 1.0])
    assert rows["start_up_seconds"].verdict.interval == pytest.approx((2.0, 2.0))
    assert {rows[name].verdict.verdict for name in list(rows)[1:]} == {"no-claim"}


def test_a_number_that_one_side_lacks_is_no_row() -> None:
    trials = [each.replace(phases={}, peak_memory_bytes=None) for each in blocks([1.5])]
    assert [row.metric for row in metric_ratios(comparison(*trials), trials, [])] == ["throughput"]


def test_a_walk_is_not_judged() -> None:
    trials = tuple(blocks([1.5] * 6))
    walk = comparison(*trials, kind="walk")
    assert metric_ratios(walk, trials, []) == ()
    assert accuracy_equivalences(walk, trials, []) == ()
    assert short_trials(walk, trials) == ()


def test_a_forecast_takes_what_a_block_took_here() -> None:
    trials = [*blocks([1.0], wall_seconds=100.0), *blocks([1.0], seed=2, wall_seconds=200.0)]
    found = claim_forecast(comparison(*trials, claim_command="bakeoff compare --runs 12"), trials)
    assert found is not None
    assert (found.command, found.blocks, found.minutes) == ("bakeoff compare --runs 12", 12, 12 * 300 / 60)


def test_a_forecast_counts_every_seed_of_its_command() -> None:
    trials = [each for seed in range(1, 6) for each in blocks([1.0], seed=seed, wall_seconds=60.0)]
    found = claim_forecast(comparison(*trials), trials)
    assert found is not None
    assert (found.blocks, found.minutes) == (15, 30.0)


def test_there_is_no_forecast_where_a_claim_is_possible_or_nothing_is_compared() -> None:
    trials = tuple(blocks([1.0]))
    assert claim_forecast(comparison(*trials, claim_command=None), trials) is None
    alone = [trial(TF)]
    assert claim_forecast(comparison(*alone, claim_command=None), alone) is None


def test_where_all_trials_are_too_short_the_command_is_the_short_way_with_its_minutes() -> None:
    asked = {"epochs": 3, "runs": 6, "recipes": ("article-tf",), "batch_size": 64}
    short = [trial(TF, wall_seconds=20.0), trial(TORCH, images_per_second=2000.0, wall_seconds=20.0)]
    spec = Spec().replace(**asked).model_dump(mode="json")
    for command in (None, "bakeoff compare --runs 12"):
        found = claim_forecast(comparison(*short, spec=spec, claim_command=command), short)
        assert found is not None
        assert found.command == "bakeoff compare tf torch --recipe article-tf --batch-size 64 --decide"
        block = (20 - 3 * (6 + 0.5) + 5 * (3 + 0.5)) + (20 - 3 * (3 + 0.5) + 5 * (1.5 + 0.5))
        assert (found.blocks, found.minutes, found.decide) == (12, 12 * block / 60, True)


def test_the_short_way_is_named_without_minutes_where_they_are_not_known() -> None:
    short = [trial(TF), failed(TORCH)]
    found = claim_forecast(comparison(*short), short)
    assert found is not None
    assert (found.command, found.minutes) == ("bakeoff compare tf torch --decide", None)
    said = "Trials of this size are too short for a claim. The short way to one is 12 blocks"
    assert way_to_a_claim(found) == f"{said}:"
    assert way_to_a_claim(found.replace(minutes=7.2)) == f"{said}, about 7 minutes here:"


def test_accuracies_are_compared_seed_by_seed_and_repetitions_count_once() -> None:
    trials = [
        trial(name, seed=seed, run=run, test_accuracy=0.9 + 0.01 * seed + (0.002 * run if name == TORCH else 0))
        for seed in (1, 2, 3)
        for run in (1, 2)
        for name in (TF, TORCH)
    ]
    (row,) = accuracy_equivalences(comparison(*trials), trials, [])
    assert row.differences == pytest.approx((0.003, 0.003, 0.003))
    assert (row.verdict.seeds, row.verdict.verdict) == (3, "equivalent")


def test_the_accuracy_margin_asked_for_judges() -> None:
    trials = [
        trial(name, seed=seed, test_accuracy=0.9 + (0.001 * seed if name == TORCH else 0))
        for seed in (1, 2, 3)
        for name in (TF, TORCH)
    ]
    (row,) = accuracy_equivalences(comparison(*trials, accuracy_margin=0.001), trials, [])
    assert (row.verdict.margin, row.verdict.verdict) == (0.001, "not-decided")
