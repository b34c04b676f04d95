"""`bakeoff calibrate`: one image against itself, what is kept of it, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import calibrate, compare, resume
from orchestrator.engines.engine import Launch, Prepared, PrepareError
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.runtime import Runtime
from orchestrator.spec.contenders import Contender
from orchestrator.values import Say
from tests.support.cli import Bakeoff
from tests.support.line import Line, trial_of

IMAGE = "sha256:0123456789abcdef0123"
SIZE = ("--epochs", "5", "--train-images", "640", "--recipe", "article-torch")


class ImageEngine(ScriptedEngine):
    """A scripted engine whose contenders are images, as the docker engine's."""

    name = "docker"

    def prepare(self, contender: Contender, variant: str, say: Say) -> Prepared:
        return replace(super().prepare(contender, variant, say), image=IMAGE)

    def rebuild(self, contender: Contender, variant: str, say: Say) -> str:
        say(f"building {contender.written} {variant} again")
        return "sha256:fedcba9876543210"


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch, line: Line, tmp_path: Path) -> Callable[..., ImageEngine]:
    """Let it find an engine of images on which the second contender takes `factor` times as long."""

    def use(factor: float = 1.0, epoch_seconds: float = 2.0) -> ImageEngine:
        def script(launch: Launch) -> Script:
            trial = trial_of(launch)
            block = int(trial.id.rpartition(".r")[2])
            scatter = 1 + 0.01 * (block % 3 - 1) * (1 if "same" in trial.contender else -1)
            slower = factor if "@" in trial.contender else 1.0
            return line.good(launch, epoch_seconds=epoch_seconds * scatter * slower)

        engine = ImageEngine(script)
        data = tmp_path / "cache" / "mnist"
        data.parent.mkdir(exist_ok=True)
        if not data.exists():
            data.symlink_to(line.data)
        runtime: Runtime = replace(line.runtime(), engine=engine, data=data)
        for module in (calibrate, compare, resume):
            monkeypatch.setattr(module, "detect", lambda spec, out, idx: replace(runtime, out=out))
        monkeypatch.setattr(calibrate, "connect_image_engine", lambda cache: engine)
        monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
        return engine

    return use


def test_an_image_against_itself_is_kept_with_machine_date_and_sizes(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine]
) -> None:
    put()
    answer = bakeoff("calibrate", *SIZE)
    assert answer.code == 0, answer.err
    assert "calibration of torch==2.13.0: its image against itself" in answer.err
    assert "one image against itself: no difference of 3 % or more" in " ".join(answer.out.split())
    (path,) = Path("cache", "calibration").glob("*.json")
    kept = json.loads(path.read_text())
    assert kept["schema"] == "bakeoff/floor/1"
    assert (kept["contender"], kept["blocks"], kept["epochs"]) == ("torch==2.13.0", 12, 5)
    assert kept["images_an_epoch"] == 640
    assert kept["machine"] == {"cpu": "a made-up processor"}
    assert kept["images"] == [IMAGE, IMAGE]


def test_a_claimed_difference_is_exit_code_5_with_words(bakeoff: Bakeoff, put: Callable[..., ImageEngine]) -> None:
    put(factor=1.2)
    answer = bakeoff("calibrate", *SIZE)
    assert answer.code == 5
    assert "a difference is claimed where there is none" in " ".join(answer.out.split())


def test_two_builds_are_held_against_each_other(bakeoff: Bakeoff, put: Callable[..., ImageEngine]) -> None:
    put()
    answer = bakeoff("calibrate", *SIZE, "--rebuild", "--json")
    document = json.loads(answer.out)
    assert (answer.code, document["rebuilt"], document["differs"]) == (0, True, False)
    assert "building torch==2.13.0 cpu again" in answer.err
    assert "rebuilt@fedcba987654" in document["command"]


def test_without_sizes_the_second_time_is_of_what_can_be_timed_here(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine]
) -> None:
    put(epoch_seconds=0.5)
    first = bakeoff("calibrate")
    assert first.code == 2
    assert "too short to time" in first.err
    assert "try: run it again: by now it is known how much can be timed here" in first.err
    put(epoch_seconds=1.5)
    second = bakeoff("calibrate", "--json")
    assert second.code == 0, second.err
    assert "the least that can be timed here" in second.err


def test_what_is_known_is_listed(bakeoff: Bakeoff, put: Callable[..., ImageEngine]) -> None:
    put()
    assert "nothing is known of any machine" in bakeoff("calibrate", "--list").out
    bakeoff("calibrate", *SIZE)
    said = "torch==2.13.0 on article-torch, one image, 12 blocks: scatter 1.7 %, finds from 1.7 % on"
    assert f"{said} (a made-up processor, docker, cpu)" in bakeoff("calibrate", "--list").out
    (row,) = json.loads(bakeoff("calibrate", "--list", "--json").out)["floors"]
    assert row["recipe"] == "article-torch"


def test_an_interrupted_one_is_resumed_and_then_kept(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = put()
    whole = engine._script

    def interrupted(launch: Launch) -> Script:
        if launch.trial_id.endswith(".r3"):
            raise KeyboardInterrupt
        return whole(launch)

    monkeypatch.setattr(engine, "_script", interrupted)
    first = bakeoff("calibrate", *SIZE)
    assert first.code == 130
    assert "to go on: bakeoff resume" in first.err
    monkeypatch.setattr(engine, "_script", whole)
    assert bakeoff("resume").code == 0
    assert not Path("cache", "calibration").exists()
    again = bakeoff("calibrate", "--again", "latest", "--json")
    assert (again.code, json.loads(again.out)["blocks"]) == (0, 12)


def test_of_another_run_no_floor_is_kept(bakeoff: Bakeoff, put: Callable[..., ImageEngine]) -> None:
    put()
    assert bakeoff("compare", *SIZE, "--runs", "2").code == 0
    answer = bakeoff("calibrate", "--again", "latest")
    assert answer.code == 2
    assert "is no calibration" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mine@registry/image:tag",), "mine@registry/image:tag is a ready image try: name a contender of ours"),
        (("--recipe", "matched", "--recipe", "article-tf"), "of one recipe, not of 2 try: name one with --recipe"),
        (("jax",), "unknown contender 'jax' try: known contenders"),
    ],
)
def test_what_cannot_be_calibrated_is_exit_code_2(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine], words: tuple[str, ...], told: str
) -> None:
    put()
    answer = bakeoff("calibrate", *words)
    assert (answer.code, answer.out) == (2, "")
    assert told in " ".join(answer.err.split())


def test_an_engine_without_images_is_exit_code_3_with_the_way_out(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine]
) -> None:
    put().name = "process"
    answer = bakeoff("calibrate", *SIZE)
    assert answer.code == 3
    assert "runs no images try: start Docker or Podman, then: bakeoff calibrate --engine docker" in " ".join(
        answer.err.split()
    )


def test_a_build_that_fails_is_exit_code_3_with_the_builders_words(
    bakeoff: Bakeoff, put: Callable[..., ImageEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PrepareError("the disk is full", "free space", ["No space left on device"])

    engine = put()
    monkeypatch.setattr(engine, "rebuild", refuse)
    answer = bakeoff("calibrate", *SIZE, "--rebuild")
    assert answer.code == 3
    assert "error: the disk is full:\n  No space left on device\ntry: free space\n" in answer.err


def test_a_comparison_says_beforehand_what_it_can_find(bakeoff: Bakeoff, put: Callable[..., ImageEngine]) -> None:
    put()
    assert bakeoff("calibrate", *SIZE).code == 0
    document = json.loads(bakeoff("compare", *SIZE, "--runs", "12", "--plan", "--json").out)
    assert any("12 blocks find differences from" in line for line in document["expected"])
    assert "12 blocks find differences from" in bakeoff("compare", "--decide", "--plan").out
