"""`bakeoff explain`: a walk from its options to its report, its plan, and what cannot be walked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from orchestrator.runtime import Runtime
from tests.support.cli import Bakeoff
from tests.support.line import Line

WALK = ("--epochs", "3", "--train-images", "640", "--seeds", "2")


@pytest.mark.usefixtures("figures")
def test_a_walk_ends_with_its_answer_and_a_report(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("explain", *WALK)
    assert answer.code == 0
    before, _, last = answer.out.partition("Of the difference of ")
    assert "carried by" in before
    assert last.splitlines()[-1] == f"report: {Path('runs/latest/report.html').resolve().as_uri()}"
    assert last.endswith("explain-article-tf-article-torch/report.html\n")
    assert list(Path("runs/latest/figures").glob("*.png"))


def test_a_walks_json_is_its_summary_with_the_explanation(bakeoff: Bakeoff, with_runtime: object) -> None:
    document = json.loads(bakeoff("explain", *WALK, "--json").out)
    assert document["comparison"]["kind"] == "walk"
    assert document["explanation"]["sentence"].startswith("Of the difference")
    jsonschema.Draft202012Validator(json.loads(bakeoff("schema", "summary").out)).validate(document)


def test_the_plan_of_a_walk_shows_its_cells_and_starts_nothing(bakeoff: Bakeoff, with_runtime: object) -> None:
    answer = bakeoff("explain", "--plan")
    assert "+ training images" in answer.out
    assert "1 order, 9 cells, 3 seeds: 27 trials" in answer.out
    assert len(json.loads(bakeoff("explain", "--plan", "--json").out)["cells"]) == 9
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("article-tf",), "a walk has two ends"),
        (("article-tf", "article-tf", "--to", "tf"), "the two ends do not differ"),
        (("article-tf", "nothing"), "there is no recipe"),
        (("--paths", "0"), "paths"),
        (("--from", "jax"), "jax"),
        (("--profile", "article", "--train-images", "256"), "a batch of 512 of 256 training images"),
    ],
)
def test_a_walk_that_cannot_be_made_is_exit_code_2_before_anything_starts(
    bakeoff: Bakeoff, with_runtime: object, words: tuple[str, ...], said: str
) -> None:
    answer = bakeoff("explain", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in " ".join(answer.err.split())
    assert "try: " in answer.err
    assert not Path("runs").exists()


def test_ctrl_c_during_a_walk_is_exit_code_130_with_a_report(
    bakeoff: Bakeoff, with_runtime: Callable[[Runtime], None], line: Line
) -> None:
    def pressed(launch: object) -> None:
        raise KeyboardInterrupt

    with_runtime(line.runtime(pressed))  # type: ignore[arg-type]
    answer = bakeoff("explain", *WALK)
    assert answer.code == 130
    assert "is not explained" in answer.out
    assert "is not explained" in (Path("runs") / "latest" / "report.md").read_text()
