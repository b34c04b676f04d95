"""Training by turns, as a worker does it: the host's lines are the test's own, and so is the framework."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared import mnist, worker
from shared.emitter import Emitter
from shared.turns import LEAD_STEPS, Stretch, Turn, Turns, turn_from
from tests.support.backend import TRAIN_IMAGES, TRIAL, CallsEmitter, framework, pixels

EPOCHS = TRIAL.recipe.training.epochs
STEPS = 3  # of an epoch


@pytest.fixture
def live_fd() -> Iterator[int]:
    fd = os.open(os.devnull, os.O_WRONLY)
    yield fd
    os.close(fd)


@pytest.fixture(autouse=True)
def tiny_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "load", lambda folder, view: pixels())
    monkeypatch.delenv("SCRIPTED", raising=False)


class Trained:
    """A trial that read these lines: its events, its calls in their order, and the losses that it left."""

    def __init__(self, out: Path, live_fd: int, lines: bytes | None) -> None:
        calls: list[str] = []
        trial = replace(TRIAL, id="by.turns" if lines is not None else "whole", turns=lines is not None)
        (out / trial.id).mkdir()
        emitter = CallsEmitter(trial.id, out / trial.id, live_fd, calls)
        with contextlib.ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
            if lines is not None:
                (out / "lines").write_bytes(lines)
                read = opened.enter_context((out / "lines").open("rb", buffering=0))
                patch.setattr(os, "fdopen", lambda *_, **__: read)
            self.code = worker.attempt(framework(calls, ())[0], trial, emitter, out, out / trial.id)
        self.calls = calls
        self.events = [json.loads(line) for line in (out / trial.id / "events.jsonl").read_text().splitlines()]
        self.files = {path.name: path.read_bytes() for path in (out / trial.id).glob("*.np*")}

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


def turn(number: int, seconds: float | None = 1e-9) -> bytes:
    return json.dumps({"round": number, "seconds": seconds}).encode() + b"\n"


def test_an_epoch_is_trained_in_as_many_turns_as_it_takes_and_says_which_images_count(
    tmp_path: Path, live_fd: int
) -> None:
    trained = Trained(tmp_path, live_fd, b"".join(turn(number) for number in range(1, 9)))
    assert trained.code == 0
    turns = trained.of_kind("turn_ended")
    assert [each["round"] for each in turns] == list(range(1, 1 + len(turns)))
    assert {each["epoch"] for each in turns} == set(range(1, 1 + EPOCHS))
    # Ten images in batches of four: the first step of a turn is not counted.
    assert [each["images"] for each in turns if each["epoch"] == 1] == [TRAIN_IMAGES - 4]


def test_losses_and_answers_are_the_same_to_the_last_bit_with_and_without_turns(tmp_path: Path, live_fd: int) -> None:
    whole = Trained(tmp_path, live_fd, None)
    by_turns = Trained(tmp_path, live_fd, turn(1) * 9)
    assert by_turns.files == whole.files
    assert [(each["train_loss"], each["val_loss"]) for each in by_turns.of_kind("epoch_ended")] == [
        (each["train_loss"], each["val_loss"]) for each in whole.of_kind("epoch_ended")
    ]


def test_all_work_of_an_epoch_stands_between_taking_a_turn_and_ending_it(tmp_path: Path, live_fd: int) -> None:
    calls = Trained(tmp_path, live_fd, turn(1) * 9).calls
    first_wait = calls.index("event waiting")
    off_turn = {call for call in calls[first_wait:] if call.startswith(("step", "logits", "shuffle"))}
    assert off_turn
    for start, end in zip(
        [first_wait, *(at for at, call in enumerate(calls) if call == "event turn_ended")][:EPOCHS],
        [at for at, call in enumerate(calls) if call == "event train"],
        strict=True,
    ):
        assert calls[start + 1 : end] == []  # between a turn's end and the next epoch's first word nothing is done


def test_a_turn_without_end_lasts_to_the_workers_end(tmp_path: Path, live_fd: int) -> None:
    trained = Trained(tmp_path, live_fd, turn(0, None))
    assert trained.code == 0
    assert [(each["round"], each["images"]) for each in trained.of_kind("turn_ended")] == [
        (0, TRAIN_IMAGES - 4) for _ in range(EPOCHS)
    ]


def test_where_the_input_ends_the_worker_trains_to_its_end(tmp_path: Path, live_fd: int) -> None:
    assert Trained(tmp_path, live_fd, b"").code == 0


def test_a_line_that_is_no_turn_fails_the_trial(tmp_path: Path, live_fd: int) -> None:
    trained = Trained(tmp_path, live_fd, b"go on\n")
    assert trained.code == 1
    assert trained.events[-1]["event"] == "failed"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"round": 3, "seconds": 0.25}\n', Turn(3, 0.25)),
        (b'{"round": 0, "seconds": null}\n', Turn(0, None)),
        (b"", Turn(0, None)),
    ],
)
def test_a_line_of_the_host_names_round_and_seconds(line: bytes, expected: Turn) -> None:
    assert turn_from(line) == expected


@pytest.mark.parametrize("line", [b"{}\n", b"[]\n", b"3\n", b'{"round": "x", "seconds": 1}\n', b"\n"])
def test_what_is_no_turn_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"turn|Expecting|invalid"):
        turn_from(line)


@pytest.mark.parametrize(
    ("seconds", "step_seconds", "left", "expected"),
    [
        (0.2, 0.01, 100, LEAD_STEPS + 20),
        (0.2, 0.01, 22, 22),  # one more would be nothing but lead
        (0.2, 0.01, 23, LEAD_STEPS + 20),
        (0.001, 0.01, 100, LEAD_STEPS + 1),  # a turn counts one step at least
    ],
)
def test_the_steps_of_a_turn_follow_from_the_seconds_of_the_last_one(
    tmp_path: Path, live_fd: int, seconds: float, step_seconds: float, left: int, expected: int
) -> None:
    (tmp_path / "lines").write_bytes(turn(1, seconds))
    emitter = Emitter("t", tmp_path, live_fd)
    with (tmp_path / "lines").open("rb", buffering=0) as lines:
        turns = Turns(emitter, lines)
        turns.take()
        turns.note(Stretch(1, 5, 4, 16, 4 * step_seconds))
        assert turns.steps(left) == expected
    emitter.close()


def test_a_waiting_worker_says_so_in_its_heartbeats_and_then_what_it_did_before(tmp_path: Path, live_fd: int) -> None:
    read, write = os.pipe()
    emitter = Emitter("t", tmp_path, live_fd, beat_seconds=0.02)
    emitter.heartbeat = replace(emitter.heartbeat, phase="train", epoch=2)
    with os.fdopen(read, "rb", buffering=0) as lines, os.fdopen(write, "wb", buffering=0) as host:
        turns = Turns(emitter, lines)
        threading.Timer(0.2, host.write, [turn(1)]).start()
        turns.take()
    assert emitter.heartbeat.phase == "train"
    emitter.close()
    said = [json.loads(line)["phase"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert said.count("waiting") > 3
