"""A run in one line, and which lines a filter lets through."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.analyse.run_contents import read_contents
from orchestrator.analyse.run_overview import RunFilter, RunLine, cell_overviews, run_line, run_verdicts
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, TORCH, failed, summary, trial

RATIOS = (1.05, 1.06, 1.04, 1.05, 1.07, 1.05)


def blocks(*ratios: float) -> list[object]:
    """Return a trial of each contender a block; the second's speed is so many times the first's."""
    curves = ([0.4] * 5, [0.3] * 5)
    return [
        trial(contender, "article-tf", run=run, images_per_second=speed, curves=curves, id=f"{contender[:2]}-{run}")
        for run, ratio in enumerate(ratios, start=1)
        for contender, speed in ((TF, 1000.0), (TORCH, 1000.0 * ratio))
    ]


def line(**changes: object) -> RunLine:
    fields: dict[str, object] = {
        "run": "20261126-150000-made-up",
        "what": "A made-up comparison",
        "state": "done",
        "started_at": "2026-11-26T15:00:00+00:00",
        "size": "quick",
        "engine": "process",
        "trials_done": 4,
        "trials_planned": 4,
        "contenders": (TF, TORCH),
        "recipes": ("article-tf",),
        "verdicts": run_verdicts(summary(*blocks(*RATIOS), runs=6)),  # type: ignore[arg-type]
    }
    return RunLine.model_validate(fields | changes)


def test_a_run_says_what_became_of_it(tmp_path: Path) -> None:
    whole = run_line(read_contents(run_folder(tmp_path, summary(trial(TF), trial(TORCH), id="a"))))
    assert (whole.state, whole.trials_done, whole.trials_planned) == ("done", 2, 2)
    assert (whole.contenders, whole.recipes) == ((TF, TORCH), ("article-tf",))
    broken = run_line(read_contents(run_folder(tmp_path, summary(trial(TF), failed(TORCH), id="b"))))
    assert (broken.state, broken.trials_done) == ("failed", 1)
    stopped = run_line(read_contents(run_folder(tmp_path, summary(trial(TF), interrupted=True, id="c"))))
    assert stopped.state == "interrupted"


def test_a_damaged_summary_makes_a_run_unreadable_and_its_records_are_counted(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, summary(trial(TF), trial(TORCH)))
    (folder.path / "summary.json").write_text("{")
    found = run_line(read_contents(folder))
    assert (found.state, found.trials_done, found.verdicts) == ("unreadable", 2, ())


def test_what_a_run_says_of_speed_is_in_words_of_speed() -> None:
    (verdict,) = line().verdicts
    assert (verdict.contender, verdict.reference, verdict.verdict) == (TORCH, TF, "faster")
    assert verdict.words.startswith("faster by 5.")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, True),
        ({"contender": "torch"}, True),
        ({"contender": "torch==2.14.1"}, False),
        ({"recipe": "article-tf"}, True),
        ({"recipe": "article"}, False),
        ({"verdict": "faster"}, True),
        ({"verdict": "slower"}, False),
        ({"state": "done"}, True),
        ({"state": "failed"}, False),
        ({"contender": "torch", "state": "failed"}, False),
    ],
)
def test_a_filter_lets_through_what_every_option_lets_through(options: dict[str, str], shown: bool) -> None:
    assert RunFilter.model_validate(options).lets_through(line(), None) is shown


def test_a_run_is_let_through_from_the_moment_on() -> None:
    begun = datetime(2026, 11, 26, 15, tzinfo=UTC)
    assert RunFilter().lets_through(line(), begun)
    assert not RunFilter().lets_through(line(), begun.replace(minute=1))
    assert not RunFilter().lets_through(line(started_at=""), begun)
    assert RunFilter().lets_through(line(started_at="2026-11-26T15:00:00"), begun)


def test_a_cell_is_the_median_of_its_trials_that_are_done() -> None:
    trials = [
        trial(TF, images_per_second=speed, test_accuracy=accuracy, run=run)
        for run, (speed, accuracy) in enumerate(((900.0, 0.9), (1000.0, 0.91), (2000.0, 0.95)), start=1)
    ]
    found = summary(*trials, failed(TF, run=4), trial(TF, role="parity", images_per_second=1.0, run=1))
    (cell,) = cell_overviews(found.comparison.cells, found.trials)
    assert (cell.done, cell.trials, cell.images_per_second, cell.test_accuracy) == (3, 4, 1000.0, 0.91)


def test_a_cell_without_numbers_has_none() -> None:
    found = summary(failed(TF))
    (cell,) = cell_overviews(found.comparison.cells, found.trials)
    assert (cell.done, cell.images_per_second, cell.val_loss, cell.peak_memory_bytes) == (0, None, None, None)
