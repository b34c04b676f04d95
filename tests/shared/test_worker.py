"""The worker's life and its clock, with a framework of the test's own: no framework is needed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shared import loop, mnist, timing, worker
from shared.backend import Data, Part
from shared.order import order_of, sequential, shuffled
from shared.trial import Trial
from tests.support.backend import (
    TRAIN_IMAGES,
    TRIAL,
    VALIDATION_IMAGES,
    CallsEmitter,
    ScriptedBackend,
    ScriptedTraining,
    framework,
    pixels,
)

SECONDS_PER_READING = 2.0


class Trained:
    """One trial from end to end: its exit code, its events, and all calls in their order."""

    def __init__(self, trial: Trial, out: Path, live_fd: int, losses: Sequence[float | Exception] = ()) -> None:
        self.out, self.calls = out, list[str]()
        emitter = CallsEmitter(trial.id, out, live_fd, self.calls)
        scripted, self._loaded = framework(self.calls, losses)
        self.code = worker.attempt(scripted, trial, emitter, out, out)
        self.events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]

    @property
    def backend(self) -> ScriptedBackend:
        return self._loaded[0]

    @property
    def training(self) -> ScriptedTraining:
        assert self.backend.training is not None
        return self.backend.training

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


@pytest.fixture
def live_fd() -> Iterator[int]:
    fd = os.open(os.devnull, os.O_WRONLY)
    yield fd
    os.close(fd)


@pytest.fixture(autouse=True)
def tiny_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "load", lambda folder, view: pixels())
    monkeypatch.delenv("SCRIPTED", raising=False)


@pytest.fixture
def trained(tmp_path: Path, live_fd: int) -> Trained:
    return Trained(replace(TRIAL, audit=[0, 1, 2, 3]), tmp_path, live_fd)


def epoch_calls(trained: Trained, epoch: int) -> list[str]:
    """Return what was called from the batches of an epoch to its event."""
    ends = [at for at, call in enumerate(trained.calls) if call == "event epoch_ended"]
    start = [at for at, call in enumerate(trained.calls[: ends[epoch - 1]]) if call == "batches"][-1]
    return trained.calls[start : ends[epoch - 1] + 1]


def test_the_phases_and_events_come_in_the_order_of_the_contract(trained: Trained) -> None:
    said = [event.get("phase", event["event"]) for event in trained.events]
    before = ["import", "data", "build", "worker_ready", "first_step", "warm_up", "audit"]
    epoch = ["train", "steps", "epoch_ended"]  # its first heartbeat comes before all else of it
    assert said == [*before, *epoch, *epoch, "predict", "run_ended"]
    assert trained.code == 0


def test_the_device_is_synchronised_on_both_sides_of_the_clock_and_nothing_but_steps_stands_between(
    tmp_path: Path, live_fd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    readings = iter(range(100))

    def read_clock() -> float:
        calls.append("clock")
        return next(readings) * SECONDS_PER_READING

    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=read_clock))
    emitter = CallsEmitter(TRIAL.id, tmp_path, live_fd, calls)
    part = Part(np.zeros((TRAIN_IMAGES, 8, 8, 1)), np.zeros(TRAIN_IMAGES, np.int64))
    training = ScriptedTraining(TRIAL, part, calls)
    loop.train_epoch(TRIAL, 1, emitter, training, Data(part, part, part, ""))
    emitter.close()
    assert calls == [
        *("event train", "shuffle", "batches"),
        *("synchronise", "clock", "step 4", "step 4", "step 2", "synchronise", "clock"),
        *("synchronise", "clock", f"logits {TRAIN_IMAGES}", "score", "synchronise", "clock"),
        *("read", "read", "event steps", "event epoch_ended", "close"),
    ]
    ended = json.loads((tmp_path / "events.jsonl").read_text().splitlines()[-1])
    assert (ended["seconds"], ended["evaluation_seconds"]) == (SECONDS_PER_READING, SECONDS_PER_READING)


@pytest.mark.parametrize("epoch", [1, 2])
def test_no_event_is_sent_and_nothing_evaluated_or_read_back_within_an_epochs_steps(
    trained: Trained, epoch: int
) -> None:
    calls = epoch_calls(trained, epoch)
    first, second = [at for at, call in enumerate(calls) if call == "synchronise"][:2]
    assert calls[first + 1 : second] == ["step 4", "step 4", "step 2"]


def test_the_warm_up_meets_every_shape_and_is_undone(tmp_path: Path, live_fd: int) -> None:
    trained = Trained(TRIAL, tmp_path, live_fd)
    until_facts = trained.calls[: trained.calls.index("facts")]
    warm = [call for call in until_facts[until_facts.index("event worker_ready") :] if "event" not in call]
    evaluated = f"logits {VALIDATION_IMAGES}"
    assert warm == ["batches", "step 4", "synchronise", "step 2", evaluated, "score", "synchronise", "restore"]
    steps = 2 * math.ceil(TRAIN_IMAGES / 4)
    assert trained.training.state == (float(steps), float(steps), steps)


def test_first_step_and_warm_up_wait_for_the_device_before_their_seconds_are_taken(trained: Trained) -> None:
    for phase in ("first_step", "warm_up"):
        assert trained.calls[trained.calls.index(f"event {phase}") - 1] == "synchronise"


def test_the_audit_comes_before_training_and_is_undone(trained: Trained) -> None:
    audit = trained.calls.index("event audit")
    assert audit < trained.calls.index("shuffle")
    assert trained.calls[audit + 1] == "restore"
    steps = 2 * math.ceil(TRAIN_IMAGES / 4)
    assert trained.training.state == (float(steps), float(steps), steps)


def test_the_audit_differentiates_and_takes_two_steps_without_dropout_from_the_first_weights(trained: Trained) -> None:
    until = trained.calls[: trained.calls.index("event audit")]
    asked = until[until.index("facts") + 1 :]
    step = "step 2 without dropout"
    assert asked == ["batches", "logits 2", "gradients", "restore", step, step, "score"]
    with np.load(trained.out / "audit.npz") as arrays:
        found = {name: array.tolist() for name, array in arrays.items() if name != "logits"}
    assert found == {
        "loss": 0.25,
        "score.loss": 0.75,
        "score.accuracy": 0.5,
        "gradients.1.kernel": [0.125],
        "weights_1.1.kernel": [1.0],
        "weights_2.1.kernel": [2.0],
    }


def test_a_trial_that_asks_for_no_audit_leaves_none(tmp_path: Path, live_fd: int) -> None:
    trained = Trained(TRIAL, tmp_path, live_fd)
    assert "event audit" not in trained.calls
    assert trained.of_kind("run_ended")[0]["files"] == [
        *("predictions.npy", "validation.npy", "steps.npz", "facts.json")
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        *("events.jsonl", "predictions.npy", "validation.npy", "steps.npz", "facts.json")
    }


def test_facts_are_read_once_after_the_warm_up_and_outside_of_every_phase(trained: Trained) -> None:
    at = trained.calls.index("facts")
    assert trained.calls.count("facts") == 1
    assert trained.calls.index("event warm_up") < at < trained.calls.index("event audit")
    assert json.loads((trained.out / "facts.json").read_text()) == {"blas": "none"}


def test_the_frameworks_variables_are_set_before_it_is_loaded(trained: Trained) -> None:
    assert trained.backend.variable_at_load == "1"


def test_the_mean_loss_of_an_epoch_weighs_a_smaller_last_batch_by_its_images(trained: Trained) -> None:
    assert trained.of_kind("epoch_ended")[0]["train_loss"] == (4 * 4 + 4 * 4 + 2 * 2) / TRAIN_IMAGES
    assert trained.of_kind("epoch_ended")[0]["train_accuracy"] == 3 / TRAIN_IMAGES


def test_a_failing_step_ends_the_trial_with_failed_as_the_last_event(
    tmp_path: Path, live_fd: int, capfd: pytest.CaptureFixture[str]
) -> None:
    trained = Trained(TRIAL, tmp_path, live_fd, [1.0, 1.0, ZeroDivisionError()])
    assert trained.code == 1
    assert (trained.events[-1]["event"], trained.events[-1]["error"]) == ("failed", "ZeroDivisionError")
    assert "run_ended" not in {event["event"] for event in trained.events}
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_framework_that_cannot_be_imported_fails_the_trial_too(
    tmp_path: Path, live_fd: int, capfd: pytest.CaptureFixture[str]
) -> None:
    def load(trial: Trial) -> Any:
        raise ImportError("libcudart.so.13: cannot open shared object file")

    scripted = framework([])[0]._replace(load=load)
    emitter = CallsEmitter(TRIAL.id, tmp_path, live_fd, [])
    assert worker.attempt(scripted, TRIAL, emitter, tmp_path, tmp_path) == 1
    (event,) = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert (event["event"], event["error"]) == ("failed", "ImportError")
    assert "libcudart" in capfd.readouterr().err


def test_a_loss_that_is_not_finite_is_null_and_a_warning_follows_its_epoch(tmp_path: Path, live_fd: int) -> None:
    losses = [1.0, 1.0, 1.0, math.nan, 1.0]  # two of them in the warm-up
    trained = Trained(TRIAL, tmp_path, live_fd, losses)
    first, second = trained.of_kind("epoch_ended")
    assert (first["diverged"], first["train_loss"], second["diverged"]) == (True, None, False)
    assert trained.of_kind("steps")[0]["losses"] == [1.0, None, 1.0]
    assert [event["message"] for event in trained.of_kind("warning")] == [
        "the training has diverged: a loss of epoch 1 is not finite"
    ]


def test_the_steps_of_all_epochs_are_kept_in_order_and_norms_where_the_trial_asks_for_them(
    tmp_path: Path, live_fd: int
) -> None:
    Trained(replace(TRIAL, norms=True), tmp_path, live_fd)
    with np.load(tmp_path / "steps.npz") as series:
        assert {name: array.tolist() for name, array in series.items()} == {
            "losses": [4.0, 4.0, 2.0, 4.0, 4.0, 2.0],
            "correct": [1.0] * 6,
            "gradient_norms": [0.5] * 6,
            "weight_norms": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }


@pytest.mark.parametrize(("losses", "last"), [((), "run_ended"), ((1.0, 1.0, ZeroDivisionError()), "failed")])
def test_the_heartbeat_stops_before_the_last_event(
    losses: Sequence[float | Exception], last: str, tmp_path: Path, live_fd: int
) -> None:
    assert Trained(TRIAL, tmp_path, live_fd, losses).calls[-2:] == ["close", f"event {last}"]


def test_without_norms_there_are_losses_and_right_answers_alone(trained: Trained) -> None:
    with np.load(trained.out / "steps.npz") as series:
        assert set(series) == {"losses", "correct"}


def test_an_epochs_first_heartbeat_is_at_step_0_and_comes_before_its_order_is_made(trained: Trained) -> None:
    beats = [(beat["phase"], beat["epoch"], beat["step"], beat["steps"]) for beat in trained.of_kind("heartbeat")]
    assert beats == [("train", 1, 0, 3), ("train", 2, 0, 3)]
    assert trained.calls.index("event train") < trained.calls.index("shuffle")


def test_validation_logits_are_of_the_weights_after_the_last_epoch_and_off_every_clock(trained: Trained) -> None:
    validation = np.load(trained.out / "validation.npy")
    assert validation.shape == (VALIDATION_IMAGES, 10)
    assert set(validation.ravel()) == {trained.training.weight}
    last = max(at for at, call in enumerate(trained.calls) if call == f"logits {VALIDATION_IMAGES}")
    assert last > trained.calls.index("event epoch_ended")
    assert trained.calls[last - 1] == f"logits {TRAIN_IMAGES}"


def test_predictions_are_of_the_weights_after_the_last_epoch(trained: Trained) -> None:
    predictions = np.load(trained.out / "predictions.npy")
    assert predictions.shape == (TRAIN_IMAGES, 10)
    assert set(predictions.ravel()) == {trained.training.weight}


@pytest.mark.parametrize(("device", "name", "memory"), [("cpu", "cpu", "resident"), ("cuda", "a GPU", "allocator")])
def test_device_and_peak_memory_are_the_gpus_where_a_gpu_trains(
    device: Any, name: str, memory: str, tmp_path: Path, live_fd: int
) -> None:
    trained = Trained(replace(TRIAL, device=device), tmp_path, live_fd)
    (ready,), (ended,) = trained.of_kind("worker_ready"), trained.of_kind("run_ended")
    assert (ready["device"], ended["peak_memory_kind"]) == (name, memory)
    assert (ended["peak_memory_bytes"] == 123) is (device == "cuda")
    assert (ready["framework"], ready["framework_version"], ready["parameters"]) == ("Scripted", "1.0", 650)


def test_the_order_of_an_epoch_is_the_recipes(tmp_path: Path) -> None:
    def order(kind: Any, epoch: int, training: ScriptedTraining) -> str:
        recipe = replace(TRIAL.recipe, training=replace(TRIAL.recipe.training, order=kind))
        return loop.order_of_epoch(replace(TRIAL, recipe=recipe), epoch, training).sha256

    part = Part(np.zeros(TRAIN_IMAGES), np.zeros(TRAIN_IMAGES))
    training, twin = ScriptedTraining(TRIAL, part, []), ScriptedTraining(TRIAL, part, [])
    assert order("sequential", 2, training) == sequential(TRAIN_IMAGES).sha256
    assert order("shared", 2, training) == shuffled(TRAIN_IMAGES, seed=1, epoch=2).sha256
    assert training.calls == []
    drawn = [order("framework", epoch, training) for epoch in (1, 2)]
    assert drawn == [order_of(twin.shuffle(TRAIN_IMAGES)).sha256 for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_the_heartbeat_tells_the_step_under_way(tmp_path: Path, live_fd: int) -> None:
    emitter = CallsEmitter(TRIAL.id, tmp_path, live_fd, [])
    part = Part(np.zeros((TRAIN_IMAGES, 8, 8, 1)), np.zeros(TRAIN_IMAGES, np.int64))
    training, seen = ScriptedTraining(TRIAL, part, []), list[int | None]()
    step = training.step
    training.step = lambda batch: (seen.append(emitter.step), step(batch))[1]  # type: ignore[method-assign,func-returns-value]
    loop.train_epoch(TRIAL, 2, emitter, training, Data(part, part, part, ""))
    emitter.close()
    assert seen == [1, 2, 3]
    assert (emitter.heartbeat.phase, emitter.heartbeat.epoch, emitter.heartbeat.steps) == ("train", 2, 3)


def test_a_worker_without_a_trial_says_what_it_needs_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BAKEOFF_TRIAL", raising=False)
    monkeypatch.setattr("sys.argv", ["worker"])
    with pytest.raises(SystemExit, match="2"):
        worker.arguments(framework([])[0])
    said = capsys.readouterr().err
    assert "python -m images.scripted.worker: error: BAKEOFF_TRIAL is not set" in said
