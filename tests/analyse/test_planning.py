"""What is said before a comparison starts: minutes where trials are known, and what blocks find here."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.decide_plan import Cost
from orchestrator.analyse.planning import block_seconds, planning_lines
from orchestrator.host.hardware import Hardware
from orchestrator.spec.resolve import ResolvedSpec, resolve
from orchestrator.spec.spec import Spec
from tests.support.floors import floor
from tests.support.summaries import TF, TORCH

KNOWN = {"article-torch": {TF: Cost(10_000, 0.1, 9.0), TORCH: Cost(5_000, 0.2, 4.0)}}
BLOCK = 9 + 5 * (1 + 0.1) + 4 + 5 * (2 + 0.2)


def resolved(**changes: Any) -> ResolvedSpec:
    spec = Spec(recipes=("article-torch",), epochs=5, train_images=10_000, parity=False).replace(**changes)
    return resolve(spec, Hardware(cores=2))


def test_a_block_takes_what_its_trials_took() -> None:
    assert block_seconds(resolved(), KNOWN) == pytest.approx(BLOCK)
    assert block_seconds(resolved(), {"article-torch": {TF: KNOWN["article-torch"][TF]}}) is None
    assert block_seconds(resolved(recipes=("article-torch", "article-tf")), KNOWN) is None


def test_a_fixed_number_of_blocks_has_its_minutes_and_what_it_finds() -> None:
    first, second = planning_lines(resolved(runs=12), KNOWN, floor())
    assert first == "about 6 minutes for 12 blocks, by what trials took on this machine"
    assert "12 blocks find differences from 3.5 % on here" in second


def test_with_looks_the_first_and_the_last_are_forecast() -> None:
    (line,) = planning_lines(resolved(until_decided=True), KNOWN, None)
    said = "about 4 minutes to the look after 8 blocks, about 15 minutes at most, by what trials took on this machine"
    assert line == said


def test_where_trials_are_not_known_only_the_floor_speaks() -> None:
    (line,) = planning_lines(resolved(runs=12), {}, floor())
    assert line.startswith("by the calibration of 2026-11-27")
    assert planning_lines(resolved(runs=12), {}, None) == ()


@pytest.mark.parametrize("changes", [{}, {"runs": 5}, {"contenders": ("torch",), "runs": 12}])
def test_of_a_run_that_claims_nothing_nothing_is_said(changes: dict[str, Any]) -> None:
    assert planning_lines(resolved(**changes), KNOWN, floor()) == ()
