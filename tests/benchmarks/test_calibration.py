"""The calibration of the rule of comparison, in small, and its place in docs/methodology.md."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import calibration_rules as rules
from benchmarks.calibration import BEGIN, DOCUMENT, END, calibrate, page, tables
from benchmarks.calibration_checks import Check
from benchmarks.calibration_scenarios import SCENARIOS, scenario
from orchestrator.analyse import signed_rank
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.ratio_verdict import judge

VERDICTS = {
    "not-decided": rules.NOT_DECIDED,
    "cannot-be-decided": rules.NOT_DECIDED,
    "no-difference": rules.SAME,
    "higher": rules.FASTER,
    "lower": rules.SLOWER,
}


@pytest.fixture(scope="module")
def calibrated() -> tuple[list[object], list[Check]]:
    results, checks = calibrate(seed=11, most_sessions=500)
    return list(results), checks


def test_every_number_is_within_its_bounds(calibrated: tuple[list[object], list[Check]]) -> None:
    assert [check.what for check in calibrated[1] if not check.holds] == []


def test_a_rule_that_claims_too_often_is_caught() -> None:
    ratios = rules.pair_ratios(SCENARIOS[1], np.random.default_rng(1), 1_000)
    often = 100 * float(rules.excludes(ratios[:, :12], ClaimRule().rank(12) + 4).mean())  # 8.5 % instead of 4.25
    assert not Check("false claims", 1_000, often, 4.25, most=5.0, enough=40_000).holds


def test_few_sessions_have_wider_bounds_and_enough_have_those_that_are_asked() -> None:
    asked = {"found": 5.5, "expected": 4.25, "most": 5.0, "enough": 40_000}
    assert Check("", 1_000, **asked).bounds[1] == pytest.approx(6.80, abs=0.01)  # type: ignore[arg-type]
    assert Check("", 40_000, **asked).bounds[1] == 5.0  # type: ignore[arg-type]


def test_the_simulated_rule_is_the_products() -> None:
    lots = np.random.default_rng(2)
    ratios = np.concatenate([rules.pair_ratios(each, lots, 20) + lots.choice([0.0, 0.03, 0.06]) for each in SCENARIOS])
    outcome = rules.until_decided(ratios, rules.looks())
    rule = ClaimRule(until_decided=True)
    for session, verdict, blocks in zip(ratios, outcome.verdicts, outcome.blocks, strict=True):
        judged = [judge(np.exp(session[:look]).tolist(), rule) for look in rules.looks()]
        last = next((each for each in judged if each.decided), judged[-1])
        assert (last.blocks, VERDICTS[last.verdict]) == (blocks, verdict)


def test_a_fixed_number_of_blocks_is_judged_as_the_product_does() -> None:
    ratios = rules.pair_ratios(scenario("steady, sd 3 %"), np.random.default_rng(3), 200) + 0.02
    claims = [judge(np.exp(session[:12]).tolist(), ClaimRule()).verdict in OPEN for session in ratios]
    assert rules.fixed_claims(ratios).tolist() == claims
    assert 0 < sum(claims) < 200


OPEN = ("higher", "lower")


def test_above_is_the_lower_end_of_the_interval() -> None:
    ratios = rules.pair_ratios(scenario("outliers: 5 %"), np.random.default_rng(4), 100)
    lows = [signed_rank.interval(session.tolist(), 60)[0] for session in ratios]
    assert rules.above(ratios, 60, -0.01).tolist() == [low > -0.01 for low in lows]


@pytest.mark.parametrize("each", SCENARIOS, ids=lambda each: each.name)
def test_noise_has_the_shape_of_its_sessions_and_differs_between_them(each: object) -> None:
    drawn = each.log_seconds(np.random.default_rng(5), 40, 30)  # type: ignore[attr-defined]
    assert drawn.shape == (40, 30)
    assert np.isfinite(drawn).all()
    assert len(np.unique(drawn[:, 0])) == 40


def test_the_neighbour_is_there_a_third_of_the_time_for_four_trials_at_a_time() -> None:
    part = scenario("neighbour").parts[1]
    there = part(np.random.default_rng(6), 4_000, 60) > 0
    assert there.mean() == pytest.approx(1 / 3, abs=0.01)
    assert (there[:, :-1] & ~there[:, 1:]).sum() / there[:, :-1].sum() == pytest.approx(1 / 4, abs=0.01)


def test_the_autocorrelated_machine_remembers() -> None:
    part = scenario("autocorrelated").parts[1]
    drawn = part(np.random.default_rng(7), 4_000, 60)
    assert drawn.std() == pytest.approx(0.04, rel=0.03)
    assert np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1] == pytest.approx(0.8, abs=0.01)


def test_tables_go_between_the_marks_and_nothing_else_changes() -> None:
    assert page(f"a\n{BEGIN}\nold\n{END}\nz\n", "| new |") == f"a\n{BEGIN}\n\n| new |\n\n{END}\nz\n"


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    with pytest.raises(ValueError, match=r"methodology\.md has no place for the tables"):
        page("# Method\n", "| new |")


def test_the_page_has_a_row_for_every_check_and_every_machine(calibrated: tuple[list[object], list[Check]]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    results, checks = calibrated
    assert [name for name in _first_cells(text) if name not in HEADS] == [
        *(check.what for check in checks),
        *(each.name for each in SCENARIOS),
    ]
    assert len(results) == len(SCENARIOS)


HEADS = ("what", "machine and processes", "---")


def _first_cells(text: str) -> list[str]:
    return [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("|")]


def test_a_number_out_of_its_bounds_is_marked() -> None:
    text = tables([], [Check("claims", 10, 9.0, 4.0, most=5.0), Check("found", 10, 91.0, 93.0, least=90.0)], seed=1)
    assert "1 of 2 numbers are within their bounds (seed 1)." in text
    assert "| claims | 10 | ≤ 5 % | 4 | 9 | **no** |" in text
    assert "| found | 10 | ≥ 90 % | 93 | 91 | yes |" in text
