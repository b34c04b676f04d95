"""A short selection of `make fuzz`: what is sent there by the million is sent here by the thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.lines import ACCEPTED, fuzz


@pytest.mark.parametrize("seed", [1, 2])
def test_of_hostile_lines_each_is_an_event_or_counted_and_none_raises(seed: int, tmp_path: Path) -> None:
    outcome = fuzz(10_000, seed, tmp_path)
    assert outcome.lines > 10_000  # damage makes lines, too
    assert min(outcome.received, outcome.rejected) > 3000
    assert outcome.duplicated > 100


def test_hostile_lines_reach_every_kind_of_refusal(tmp_path: Path) -> None:
    outcome = fuzz(10_000, 3, tmp_path)
    expected = {
        "not JSON",
        "not UTF-8",
        "a key stands twice",
        "longer than 4096 bytes",
        "an integer beyond 2^53",
        "unknown event",
        "not a JSON object",
        "a carriage return within the line",
        "nested too deeply",
        "a lone surrogate",
        "NaN is not JSON",
        "a number beyond any float32",
        "a field: Field required",
        "a field: Extra inputs are not permitted",
    }
    assert expected <= outcome.reasons.keys()
    assert outcome.reasons[ACCEPTED] > 3000
