"""`bakeoff show`: one screen of a run, and what is left of a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import QUICK, Bakeoff
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, TORCH, crossover, failed, summary, trial


def test_a_run_fits_on_one_screen_verdict_first(bakeoff: Bakeoff, tmp_path: Path) -> None:
    run_folder(tmp_path / "runs", crossover())
    answer = bakeoff("show", "20261122")
    lines = answer.out.splitlines()
    assert answer.code == 0
    assert len(lines) < 30
    verdict = next(at for at, line in enumerate(lines) if "no claim: 1 block" in line)
    table = next(at for at, line in enumerate(lines) if "images/s" in line)
    assert verdict < table


def test_show_as_json_is_the_summary_as_it_stands(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (path,) = Path("runs").glob("2*/summary.json")
    answer = bakeoff("show", "--json")
    assert answer.code == 0
    assert json.loads(answer.out) == json.loads(path.read_text())


def test_a_trial_that_failed_is_said_in_the_head(bakeoff: Bakeoff, tmp_path: Path) -> None:
    run_folder(tmp_path / "runs", summary(trial(TF), failed(TORCH)))
    answer = bakeoff("show", "20261122")
    assert "ended with a trial that is not done, 1 of 2 trials done" in answer.out


def test_of_a_damaged_run_is_shown_what_can_be_read_and_the_exit_code_is_2(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", summary(trial(TF), trial(TORCH)))
    (folder.path / "summary.json").write_text("{")
    answer = bakeoff("show", "20261122")
    assert answer.code == 2
    assert "2 of 2 trials done" in answer.out
    assert "1 of 1" in answer.out  # a row a cell, of its records
    assert "✗ summary.json" in answer.out
    assert "✓ can be read: run.json, comparison.json, environment.json, 2 records of trials" in answer.out
    assert f"try: the records are whole: `bakeoff report --again {folder.id}`" in answer.err


def test_many_damaged_files_are_named_shortly(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", crossover())
    for record in folder.path.glob("trials/*/record.json"):
        record.write_text("")
    answer = bakeoff("show", "20261122")
    assert answer.code == 2
    assert "and 1 more cannot be read" in answer.err


def test_a_run_of_a_newer_format_is_exit_code_2_with_the_remedy(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", summary(trial(TF)))
    document = json.loads((folder.path / "run.json").read_text())
    (folder.path / "run.json").write_text(json.dumps({**document, "schema": "bakeoff/run/99"}))
    answer = bakeoff("show", "20261122")
    assert (answer.code, answer.out) == (2, "")
    assert "is of the format bakeoff/run/99" in answer.err
    assert "try: a newer bakeoff wrote it" in answer.err
    (row,) = json.loads(bakeoff("ls", "--json").out)
    assert (row["state"], "bakeoff/run/99" in row["what"]) == ("unreadable", True)


def test_a_run_that_goes_on_is_no_error_and_has_no_json(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", summary(trial(TF), trial(TORCH)))
    (folder.path / "summary.json").unlink()
    document = json.loads((folder.path / "comparison.json").read_text())
    (folder.path / "comparison.json").write_text(json.dumps({**document, "ended_at": None}))
    answer = bakeoff("show", "20261122")
    assert answer.code == 0
    assert f"`bakeoff resume {folder.id}` goes on" in " ".join(answer.out.split())
    refused = bakeoff("show", "20261122", "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "has not ended" in refused.err
