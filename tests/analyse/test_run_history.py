"""One quantity across runs: a series a contender and recipe, and what changed in the stack between two points."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.analyse.finished_run import FinishedRun
from orchestrator.analyse.quantities import QUANTITIES, QuantityName
from orchestrator.analyse.run_history import History, Series, run_history
from orchestrator.analyse.summary import TrialSummary
from orchestrator.spec.recipes import apply_sizes
from tests.analyse.test_run_difference import HOST, RECIPE, run
from tests.support.summaries import TORCH, failed, trial


def at(day: int, *trials: TrialSummary, **changes: Any) -> FinishedRun:
    """Return a run of that day, by default of one trial of PyTorch."""
    begun = f"2026-11-{day:02}T08:00:00+00:00"
    return run(f"day-{day}", list(trials) or [speed(1000.0)], started_at=begun, **changes)


def speed(images_per_second: float, contender: str = TORCH, **changes: Any) -> TrialSummary:
    return trial(contender, "article-torch", images_per_second=images_per_second, **changes)


def history(*runs: FinishedRun, metric: QuantityName = "throughput") -> History:
    return run_history(runs, metric, lambda cell: True)


def only(found: History) -> Series:
    (series,) = found.series
    return series


def test_runs_stand_in_the_order_of_time_with_medians_and_changes() -> None:
    rows = [speed(each, run=number, id=f"r{number}") for number, each in enumerate((900.0, 1100.0, 1200.0), start=1)]
    series = only(history(at(2, *rows), at(1)))
    assert (series.contender, series.recipe) == ("torch", "article-torch")
    assert series.size == "60,000 images, 5 epochs, batch 512"
    assert [(point.run, point.value, point.trials) for point in series.points] == [
        ("day-1", 1000, 1),
        ("day-2", 1100, 3),
    ]
    assert (series.points[1].least, series.points[1].most) == (900, 1200)
    assert [point.change for point in series.points] == [None, pytest.approx(1.1)]


def test_a_score_changes_by_a_difference() -> None:
    better = speed(1000.0, test_accuracy=0.98)
    assert only(history(at(1), at(2, better), metric="test_accuracy")).points[1].change == pytest.approx(0.0088)


@pytest.mark.parametrize("metric", [each.name for each in QUANTITIES])
def test_every_quantity_can_be_followed(metric: QuantityName) -> None:
    found = history(at(1), at(2), metric=metric)
    assert len(only(found).points) == 2
    assert found.unit


def test_versions_of_a_contender_are_one_series() -> None:
    found = only(history(at(1), at(2, speed(900.0, "torch==2.14.1"))))
    assert [point.contender for point in found.points] == [TORCH, "torch==2.14.1"]


def test_versions_that_one_run_holds_side_by_side_have_a_series_each() -> None:
    both = at(2, speed(1000.0), speed(900.0, "torch==2.14.1"))
    found = history(at(1), both)
    assert [(each.contender, len(each.points)) for each in found.series] == [(TORCH, 2), ("torch==2.14.1", 1)]


def test_another_size_is_another_series() -> None:
    small = at(2, recipes={"article-torch": apply_sizes(RECIPE, train_images=640)})
    assert [each.size[:6] for each in history(at(1), small).series] == ["60,000", "640 im"]


def test_what_changed_in_the_stack_is_told_once_with_the_version_first_and_the_image_last() -> None:
    facts = {"framework_version": "2.13.0", "torch": "2.13.0", "blas": "mkl", "package pip": "23", "image": "sha256:00"}
    newer = {"framework_version": "2.14.1", "torch": "2.14.1", "blas": "openblas", "package pip": "24", "image": "b"}
    found = history(
        at(1, workers={TORCH: facts}),
        at(2, workers={TORCH: facts}),
        at(3, workers={TORCH: newer}, host={**HOST, "kernel": "Linux 6.2", "load_average": "9"}),
    )
    first, second, third = only(found).points
    assert (first.stack, second.stack) == ((), ())
    assert [each.name for each in third.stack] == ["framework_version", "blas", "host kernel", "image"]


def test_runs_of_other_machines_are_left_out_and_named() -> None:
    elsewhere = at(1, host={**HOST, "cpu": "another processor"})
    found = history(elsewhere, at(2))
    assert found.elsewhere == ("day-1",)
    assert found.machine["cpu"] == HOST["cpu"]
    assert (found.runs, len(only(found).points)) == (1, 1)


def test_cells_that_are_not_shown_and_trials_that_do_not_count_give_no_point() -> None:
    assert run_history([at(1)], "throughput", lambda cell: False).series == ()
    assert history(at(1, failed(TORCH, "article-torch"))).series == ()


def test_without_runs_there_is_an_empty_history() -> None:
    found = history()
    assert (found.series, found.runs, found.machine) == ((), 0, {})
