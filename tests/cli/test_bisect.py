"""`bakeoff bisect` over scripted versions, one of which is planted as the first slow one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import bisect
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.runtime import Runtime
from tests.support.cli import Bakeoff
from tests.support.groups import slow
from tests.support.line import Line, trial_of

EIGHT = ("2.9.1", "2.10.0", "2.11.0", "2.12.0", "2.12.1", "2.13.0", "2.14.0", "2.14.1")
SIZE = ("--epochs", "5", "--train-images", "640", "--recipe", "article-torch", "--margin", "5%", "-q")
ENDS = ("bisect", "torch", "--good", "2.9.1", "--bad", "2.14.1", *SIZE)

Plant = Callable[..., list[str]]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch, line: Line) -> Plant:
    """Make versions from `first` on slower by 8 %, those in `broken` fail, and the host die after `trials` trials."""

    def put(first: str, *, broken: tuple[str, ...] = (), trials: int = -1, scatter: float = 0.005) -> list[str]:
        started: list[str] = []
        slow = EIGHT[EIGHT.index(first) :] if first else ()

        def script(launch: Launch) -> Script:
            if len(started) == trials:
                raise KeyboardInterrupt
            started.append(launch.trial_id)
            trial = trial_of(launch)
            factor = 1.08 if trial.contender.partition("==")[2] in slow else 1.0
            off = random.Random(trial.id).gauss(0, scatter)
            return line.good(launch, epoch_seconds=3.0 * factor * (1 + off))

        refuses = {f"torch=={version}": "no wheel for this machine" for version in broken}
        engine = ScriptedEngine(script, refuses)

        def detect(spec: object, out: Path, idx: object) -> Runtime:
            return replace(line.runtime(), engine=engine, out=out)

        monkeypatch.setattr(bisect, "detect", detect)
        return started

    return put


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("first", ["2.12.1", *slow("2.10.0", "2.14.1")])
def test_the_planted_slow_version_of_eight_is_named(bakeoff: Bakeoff, plant: Plant, first: str) -> None:
    plant(first)
    answer = bakeoff(*ENDS)
    assert f"{first} is the first version that is worse than 2.9.1" in words(answer.out)
    assert answer.code == 0
    assert "slower by 7." in answer.out
    (folder,) = Path("runs").glob("*-bisect-torch")
    assert len(list(folder.glob("2*/summary.json"))) == 2
    assert (folder / "bisect.svg").is_file()


def test_versions_that_do_not_build_are_skipped_and_leave_a_range(bakeoff: Bakeoff, plant: Plant) -> None:
    plant("2.12.1", broken=("2.12.0", "2.10.0"))
    answer = bakeoff(*ENDS)
    assert answer.code == 6
    assert "comes after 2.11.0 and with 2.12.1 at the latest: 2.12.0 does not build or run" in words(answer.out)
    assert answer.out.count("no wheel for") == 2


def test_an_end_that_does_not_build_is_exit_code_4(bakeoff: Bakeoff, plant: Plant) -> None:
    plant("2.12.1", broken=("2.9.1",))
    answer = bakeoff(*ENDS)
    assert answer.code == 4
    assert "2.9.1 does not build or run: no wheel for this machine" in words(answer.out)


def test_between_equal_ends_there_is_nothing_to_bisect_and_no_sweep(bakeoff: Bakeoff, plant: Plant) -> None:
    started = plant("")
    answer = bakeoff(*ENDS)
    assert answer.code == 5
    assert "nothing to bisect: no difference of 5 % or more for the worse between 2.9.1 and" in words(answer.out)
    assert len(started) == 16


def test_ends_that_scatter_too_much_are_not_decided(bakeoff: Bakeoff, plant: Plant) -> None:
    plant("", scatter=0.2)
    answer = bakeoff(*ENDS)
    assert answer.code == 6
    assert "not decided whether 2.14.1 is worse than 2.9.1: cannot be decided here" in words(answer.out)


@pytest.mark.parametrize("trials", [16, *slow(0, 5, 40)])
def test_a_bisect_that_was_cut_off_goes_on_where_it_was(bakeoff: Bakeoff, plant: Plant, trials: int) -> None:
    before = plant("2.12.1", trials=trials)
    cut = bakeoff(*ENDS)
    assert cut.code == 130
    assert "go on with: bakeoff bisect --resume " in cut.err
    after = plant("2.12.1")
    answer = bakeoff("bisect", "--resume", "latest", "-q")
    assert answer.code == 0
    assert "2.12.1 is the first version that is worse" in words(answer.out)
    assert len(before) + len(after) == 16 + 8 * 12
    assert len(list(Path("runs").glob("*-bisect-torch"))) == 1


def test_a_finished_bisect_is_shown_again_without_a_trial(bakeoff: Bakeoff, plant: Plant) -> None:
    plant("2.13.0")
    bakeoff(*ENDS)
    started = plant("2.13.0")
    answer = bakeoff("bisect", "--resume", "latest", "--json", "-q")
    document = json.loads(answer.out)
    assert (document["outcome"], document["last_good"], document["first_bad"]) == ("named", "2.12.1", "2.13.0")
    assert started == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("torch", "--good", "2.14.1", "--bad", "2.9.1"), "bakeoff bisect torch --good 2.9.1 --bad 2.14.1"),
        (("torch", "--good", "2.9.1", "--bad", "2.9.1"), "--good and --bad are both 2.9.1"),
        (("torch", "--good", "2.9.7", "--bad", "2.14.1"), "versions offered: 2.4.0, 2.4.1"),
        (("jax", "--good", "1", "--bad", "2"), "unknown contender 'jax'"),
        (("torch==2.9.1", "--good", "2.9.1", "--bad", "2.14.1"), "name the framework alone"),
        (("torch", "--good", "2.9.1"), "needs a contender, a good and a bad version"),
        (("torch", "--resume", "latest"), "leave contender, --good and --bad out"),
        (("--resume", "latest"), "no bisect 'latest'"),
        (("torch", "--good", "2.9.1", "--bad", "2.14.1", "--recipe", "article-tf", "--recipe", "x"), "one recipe"),
    ],
)
def test_what_cannot_be_bisected_is_exit_code_2_with_a_way_out(
    bakeoff: Bakeoff, plant: Plant, given: tuple[str, ...], said: str
) -> None:
    plant("")
    answer = bakeoff("bisect", *given)
    assert answer.code == 2
    assert said in words(answer.err)
    assert not Path("runs").exists()


def test_an_unknown_metric_is_refused_with_the_list(bakeoff: Bakeoff, plant: Plant) -> None:
    plant("")
    answer = bakeoff(*ENDS, "--metric", "beauty")
    assert answer.code == 2
    assert "peak_memory_bytes" in answer.err


def test_the_plan_lists_versions_and_images_and_runs_nothing(bakeoff: Bakeoff, plant: Plant) -> None:
    started = plant("")
    answer = bakeoff(*ENDS, "--plan")
    assert answer.code == 0
    assert answer.out.count("to build") == 9
    assert "first, as an end" in answer.out
    assert "no earlier run of these versions" in answer.out
    rows = json.loads(bakeoff(*ENDS, "--plan", "--json").out)["versions"]
    assert tuple(row["version"] for row in rows) == EIGHT
    assert started == []
    assert not Path("runs").exists()


def test_memory_is_bisected_too_by_a_fixed_number_of_blocks(bakeoff: Bakeoff, plant: Plant) -> None:
    started = plant("2.12.1")
    answer = bakeoff(*ENDS, "--metric", "peak_memory_bytes")
    assert answer.code == 5
    assert "no difference of 5 % or more" in words(answer.out)
    assert len(started) == 24
