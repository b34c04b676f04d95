"""`bakeoff init` writes a comparison file, and `bakeoff compare FILE` runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.spec.spec import Spec, read_spec
from tests.support.cli import Bakeoff

PLAN = ("--engine", "process")


def test_what_is_given_stands_in_the_file_and_is_what_compare_would_run(
    bakeoff: Bakeoff,
) -> None:
    answer = bakeoff(
        "init",
        "torch",
        "tf",
        "--recipe",
        "article-torch",
        "--runs",
        "2",
        *PLAN,
        "-o",
        "mine.toml",
    )
    assert (answer.code, answer.out) == (0, "mine.toml: bakeoff compare mine.toml\n")
    plan = json.loads(bakeoff("compare", "mine.toml", "--plan", "--json").out)
    assert [row["trial"] for row in plan["trials"]] == [
        f"{contender}.article-torch.s1.r{run}" for run in (1, 2) for contender in ("torch-2.13.0", "tf-2.21.0")
    ]


def test_a_file_that_is_there_is_kept(bakeoff: Bakeoff) -> None:
    Path("comparison.toml").write_text("mine")
    answer = bakeoff("init")
    assert (answer.code, Path("comparison.toml").read_text()) == (2, "mine")
    assert "already there" in answer.err


def test_an_unknown_contender_is_told_before_anything_is_written(
    bakeoff: Bakeoff,
) -> None:
    answer = bakeoff("init", "jaxx")
    assert answer.code == 2
    assert not Path("comparison.toml").exists()


def test_a_folder_that_is_not_there_is_told(bakeoff: Bakeoff) -> None:
    answer = bakeoff("init", "-o", "nowhere/mine.toml")
    assert answer.code == 2
    assert "nowhere/mine.toml cannot be written" in answer.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("torch",), "mine.toml is a comparison file, and torch was given too"),
        (
            ("--spec", "other.toml"),
            "mine.toml is a comparison file, and --spec other.toml was given too",
        ),
        (("--runs", "2"), "the comparison file mine.toml and runs were both given"),
    ],
)
def test_a_comparison_file_stands_alone(bakeoff: Bakeoff, more: tuple[str, ...], said: str) -> None:
    bakeoff("init", "-o", "mine.toml")
    assert read_spec(Path("mine.toml")) == Spec()
    answer = bakeoff("compare", "mine.toml", *more)
    assert answer.code == 2
    assert said in " ".join(answer.err.split())


def test_a_plan_says_what_is_still_to_be_built(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))  # without environments that earlier runs made
    answer = bakeoff("compare", "torch", *PLAN, "--plan")
    assert "torch==2.13.0 is not built yet: 1.6 GB of disk, and at most as much to download" in answer.out
    document = json.loads(bakeoff("compare", "torch", *PLAN, "--plan", "--json").out)
    assert document["to_build_bytes"] == {"torch==2.13.0": 1_600_000_000}
