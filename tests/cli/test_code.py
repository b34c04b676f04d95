"""`bakeoff code`: a program on standard output or in a file, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.spec import program, recipes
from tests.support.cli import Bakeoff


def test_the_program_alone_is_printed(bakeoff: Bakeoff) -> None:
    answer = bakeoff("code", "article-tf", "torch==2.14.1")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == program.render(recipes.load("article-tf"), "torch")


def test_sizes_are_taken_as_compare_takes_them(bakeoff: Bakeoff) -> None:
    answer = bakeoff("code", "article-tf", "tf", "--profile", "quick", "--epochs", "2", "--batch-size", "64")
    sized = recipes.apply_sizes(recipes.load("article-tf"), quick=True, epochs=2, batch_size=64)
    assert answer.out == program.render(sized, "tf")
    assert "0, 6000)" in answer.out


def test_a_file_gets_the_program_and_the_screen_its_name(bakeoff: Bakeoff, tmp_path: Path) -> None:
    answer = bakeoff("code", "matched", "tf", "-o", str(tmp_path / "mine.py"))
    assert (answer.code, answer.out) == (0, f"program: {tmp_path / 'mine.py'}\n")
    assert (tmp_path / "mine.py").read_text(encoding="utf-8") == program.render(recipes.load("matched"), "tf")


@pytest.mark.parametrize(
    ("words", "fault", "remedy"),
    [
        (("matchd", "tf"), "there is no recipe 'matchd'", "did you mean matched?"),
        (("matched", "jax"), "unknown contender 'jax'", "known contenders: tf, torch"),
        (("matched", "mine@r/i:1"), "mine@r/i:1 is a ready image", "name one of tf, torch"),
        (("matched", "tf[xla]"), "tf[xla] names a mode", "leave it out: tf"),
        (("matched", "tf", "-o", "/dev/null/x"), "/dev/null/x cannot be written", "name another file with --output"),
        (("matched", "tf", "--train-images", "70000"), "--train-images 70000 is more", "lower --train-images"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_way_out(
    bakeoff: Bakeoff, words: tuple[str, ...], fault: str, remedy: str
) -> None:
    answer = bakeoff("code", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {fault}")
    assert f"try: {remedy}" in answer.err
