"""`bakeoff archive` and `bakeoff repro`: a run into a file, and out of it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import repro
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script
from orchestrator.runtime import Runtime
from tests.support.cli import QUICK, Bakeoff
from tests.support.line import Line, trial_of

Put = Callable[[Runtime], None]
LONG = ("--recipe", "article-torch", "--train-images", "640", "--epochs", "5", "--runs", "6")
"""Enough blocks, and enough seconds in each of them, for an interval."""


@pytest.fixture
def repeats(monkeypatch: pytest.MonkeyPatch, line: Line, with_runtime: Put) -> Put:
    """Let `compare` and `repro` find a runtime: first the scripted one."""

    def put(runtime: Runtime) -> None:
        with_runtime(runtime)
        monkeypatch.setattr(repro, "detect", lambda spec, out, idx: replace(runtime, out=out))

    put(line.runtime())
    return put


def timed(line: Line, torch_seconds: float) -> Runtime:
    """Return a runtime in which an epoch of TensorFlow takes 1.2 seconds, and one of PyTorch so many."""

    def script(launch: Launch) -> Script:
        seconds = 1.2 if trial_of(launch).contender.startswith("tf") else torch_seconds
        return line.good(launch, epoch_seconds=seconds)

    return line.runtime(script)


def archived(bakeoff: Bakeoff, *words: str) -> str:
    """Run a comparison, pack it and return its name."""
    bakeoff("compare", *(words or QUICK), "-q")
    (run,) = [row["run"] for row in json.loads(bakeoff("ls", "--json").out)]
    answer = bakeoff("archive", "--to", "run.zip")
    assert answer.code == 0
    assert "`bakeoff repro run.zip` runs it again" in answer.out
    return str(run)


def test_one_block_is_run_again_and_has_no_interval(bakeoff: Bakeoff, repeats: Put) -> None:
    original = archived(bakeoff)
    answer = bakeoff("repro", "run.zip", "-q")
    shown = " ".join(answer.out.split())
    assert answer.code == 6
    assert shown.startswith("not decided: 1 of 3 results has no interval, the 2 others agree")
    assert "✓ agrees: training of tf==2.21.0 on article-torch: losses are equal to the last bit" in shown
    assert "? no interval: speed of torch==2.13.0 against tf==2.21.0 on article-torch" in shown
    assert "image of tf==2.21.0: the same" in shown
    assert f"original {original}, repetition" in shown
    rows = json.loads(bakeoff("ls", "--json").out)
    assert len(rows) == 2  # what was unpacked is no run of this machine
    written = json.loads((Path("runs") / rows[1]["run"] / "reproduction.json").read_text())
    assert (written["schema"], written["verdict"]) == ("bakeoff/repro/1", "no-interval")


@pytest.mark.parametrize(
    ("torch_seconds", "code", "sentence"),
    [(1.5, 0, "reproduced: all 3 results agree"), (1.8, 5, "not reproduced: 1 of 3 results differs")],
)
def test_with_enough_blocks_the_ratio_agrees_or_differs(
    bakeoff: Bakeoff, repeats: Put, line: Line, torch_seconds: float, code: int, sentence: str
) -> None:
    repeats(timed(line, 1.5))
    archived(bakeoff, *LONG)
    repeats(timed(line, torch_seconds))
    answer = bakeoff("repro", "run.zip", "-q")
    assert (answer.code, answer.out.splitlines()[0]) == (code, sentence)


def test_other_losses_are_told_and_the_json_is_one_object(bakeoff: Bakeoff, repeats: Put, line: Line) -> None:
    archived(bakeoff)
    repeats(line.runtime(lambda launch: line.good(launch, wrong=5, claims_wrong=5)))
    answer = bakeoff("repro", "run.zip", "-q", "--json")
    document = json.loads(answer.out)
    assert answer.code == 6
    assert {each["about"] for each in document["agreements"]} == {"training", "speed"}


def test_a_repetition_that_fails_ends_as_compare_does(bakeoff: Bakeoff, repeats: Put, line: Line) -> None:
    archived(bakeoff)
    repeats(line.runtime(lambda launch: Script(())))
    answer = bakeoff("repro", "run.zip", "-q")
    assert answer.code == 4
    assert "✗ differs: tf-2.21.0.article-torch.s1: done → failed" in " ".join(answer.out.split())


def test_an_earlier_repetition_is_compared_without_a_run(bakeoff: Bakeoff, repeats: Put) -> None:
    archived(bakeoff)
    bakeoff("repro", "run.zip", "-q")
    answer = bakeoff("repro", "run.zip", "--against", "latest")
    assert answer.code == 6
    assert len(json.loads(bakeoff("ls", "--json").out)) == 2


def test_what_is_no_archive_is_exit_code_2_with_a_way_out(bakeoff: Bakeoff) -> None:
    Path("run.zip").write_text("no archive")
    answer = bakeoff("repro", "run.zip")
    assert answer.code == 2
    assert "run.zip is no archive that can be read" in answer.err
    assert "try: make it again with `bakeoff archive RUN`" in answer.err
    assert bakeoff("archive", "nowhere").code == 2
