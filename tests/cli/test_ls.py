"""`bakeoff ls`: the list of runs, and which of them are let through."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import Bakeoff
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, TORCH, failed, summary, trial


def test_no_runs_is_no_error(bakeoff: Bakeoff) -> None:
    assert bakeoff("ls").out == "no runs in runs: `bakeoff compare` makes one\n"
    assert json.loads(bakeoff("ls", "--json").out) == []


def test_filters_let_runs_through(bakeoff: Bakeoff, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    run_folder(out, summary(trial(TF), trial(TORCH), id="a"))
    run_folder(out, summary(trial(TF), failed(TF, "article-torch"), id="b", started_at="2026-11-25T08:00:00+00:00"))

    def names(*options: str) -> list[str]:
        return [row["run"] for row in json.loads(bakeoff("ls", "--json", *options).out)]

    assert names() == ["a", "b"]
    assert names("--contender", "torch") == ["a"]
    assert names("--recipe", "article-torch") == ["b"]
    assert names("--state", "failed") == ["b"]
    assert names("--verdict", "no-claim") == ["a"]
    assert names("--since", "2026-11-24") == ["b"]
    assert names("--contender", "torch", "--state", "failed") == []
    assert "none of the 2 runs in runs is let through" in bakeoff("ls", "--contender", "jax").out


def test_a_moment_that_is_none_and_a_word_that_is_no_verdict_are_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("ls", "--since", "yesterday").code == 2
    assert bakeoff("ls", "--verdict", "quicker").code == 2


def test_a_damaged_run_is_listed_with_the_command_that_shows_it(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", summary(trial(TF)))
    (folder.path / "summary.json").write_text("")
    assert f"damaged: bakeoff show {folder.id}" in " ".join(bakeoff("ls").out.split())
