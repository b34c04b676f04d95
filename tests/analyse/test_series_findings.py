"""What a run's trials one after another show of the machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.series_findings import SERIES_CHECKS
from orchestrator.record.record import Record, Status


def series(contender: str, seconds: Sequence[float], stall: float = 1.0) -> list[Record]:
    """Return a trial a number of seconds, of five epochs; one of the five takes `stall` times that."""
    return [_trial(contender, run, [each] * 4 + [each * stall]) for run, each in enumerate(seconds, start=1)]


def _trial(contender: str, run: int, epochs: Sequence[float]) -> Record:
    fields: dict[str, Any] = {
        "id": f"{contender}.r{run}",
        "contender": contender,
        "recipe": "made-up",
        "seed": 1,
        "run": run,
        "status": Status.DONE,
        "role": "measured",
        "reused_from": None,
        "epochs": [SimpleNamespace(seconds=each, images=1000) for each in epochs],
    }
    return cast("Record", SimpleNamespace(**fields))


def told(*records: Record) -> dict[str, str]:
    run = CheckInput(records, cores=2)
    return {found.id: found.message for check in SERIES_CHECKS for found in check(run)}


def steady(number: int = 12, seed: int = 1) -> list[float]:
    lots = random.Random(seed)
    return [1 + lots.gauss(0, 0.02) for _ in range(number)]


def test_a_steady_machine_is_no_finding() -> None:
    assert told(*series("a", steady()), *series("b", steady(seed=2))) == {}


def test_scatter_alone_is_seldom_told_as_a_pattern() -> None:
    lots = random.Random(9)
    runs = ({name: [1 + lots.gauss(0, 0.05) for _ in range(12)] for name in "ab"} for _ in range(1000))
    wrong = sum(bool(told(*series("a", run["a"]), *series("b", run["b"]))) for run in runs)
    assert wrong <= 40  # 24 expected


def test_a_machine_that_slows_down_is_a_drift() -> None:
    found = told(*series("a", [each * (1 + 0.02 * at) for at, each in enumerate(steady())]))
    assert "a on made-up became slower by about 19 %" in found["drift"]


def test_two_speeds_are_named_with_their_trials() -> None:
    found = told(*series("a", [each * (1.2 if at % 3 == 0 else 1) for at, each in enumerate(steady())]))
    assert found["two-modes"].startswith("Trials of a on made-up have two speeds: 4 of 12 are slower by about 2")


def test_a_contender_that_stalls_parts_mean_and_median() -> None:
    assert told(*series("a", steady(), stall=2.0))["stalls"] == (
        "Epochs of a on made-up take 20 % longer in the mean than in the median."
    )


def test_a_first_block_that_is_slow_in_every_contender_is_told() -> None:
    slow, other = [1.2, *steady(11)], [1.3, *steady(11, seed=2)]
    assert "first-slow" in told(*series("a", slow), *series("b", other))
    assert "first-slow" not in told(*series("a", slow), *series("b", steady()))


def test_few_trials_show_no_pattern() -> None:
    assert told(*series("a", [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0])) == {}
