"""Hand-written event streams: what a worker would send, letter by letter. The numbers are invented."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.engines.engine import Prepared
from orchestrator.engines.scripted import Script
from orchestrator.plan.plan import PlannedTrial
from orchestrator.spec.contenders import Contender
from shared.events import (
    EpochEnded,
    Event,
    Heartbeat,
    PhaseEnded,
    RunEnded,
    Steps,
    TurnEnded,
    Warned,
    WorkerReady,
    encode,
)
from shared.mnist import DATA_SHA256
from shared.recipe import Recipe, Slice, Training, parameter_count
from shared.trial import Trial
from tests.support.arrays import npy
from tests.support.recipes import dense

TRIAL = "torch-2.13.0.small.s1"
TORCH = Contender("torch", "2.13.0", title="PyTorch", colour="#ee4c2c")
SMALL = dense("small", Training(2, 32, "sequential"), Slice("train", 0, 600), Slice("train", 600, 800))
PLANNED = PlannedTrial(Trial(TRIAL, "torch==2.13.0", SMALL, 1, "cpu", [], 2), TORCH, 1)
PREPARED = Prepared(TORCH, "sha256:0123456789ab", "torch")


def ready(**changes: Any) -> WorkerReady:
    fields: dict[str, Any] = {
        "framework": "PyTorch",
        "framework_version": "2.13.0+cpu",
        "versions": {"python": "3.12.4", "torch": "2.13.0+cpu"},
        "device": "cpu",
        "modes": {"threads": "2"},
        "data_sha256": "da" * 32,
        "initial_weights_sha256": "1e" * 32,
        "parameters": 650,
    }
    return WorkerReady(**{**fields, **changes})


def epoch(number: int, **changes: Any) -> EpochEnded:
    fields: dict[str, Any] = {
        "epoch": number,
        "images": 600,
        "seconds": 0.5,
        "evaluation_seconds": 0.1,
        "train_loss": 2.0 / number,
        "train_accuracy": 0.8,
        "val_loss": 2.5 / number,
        "val_accuracy": 0.75,
    }
    return EpochEnded(**{**fields, **changes})


LOSS_OF_RIGHT = math.log(math.e + 9) - 1
"""Of the logits that `logits` makes of an image that is right; one that is wrong has 1 more."""


def run_ended(**changes: Any) -> RunEnded:
    fields: dict[str, Any] = {
        "test_loss": LOSS_OF_RIGHT,
        "test_accuracy": 1.0,
        "peak_memory_bytes": 512_000_000,
        "peak_memory_kind": "resident",
        "wall_seconds": 4.25,
        "files": ["predictions.npy"],
    }
    return RunEnded(**{**fields, **changes})


READY = ready()
IMPORTED = PhaseEnded("import", 1.9)
BEAT = Heartbeat("training", epoch=1, step=3, steps=19)
LOSSES = Steps(epoch=1, first_step=1, losses=[2.3, 2.1, 1.9])
TURN = TurnEnded(round=3, epoch=1, step=40, images=20_000, seconds=0.19, waited_seconds=0.21)
REMARK = Warned("one thread only")
STORY: tuple[Event, ...] = (READY, IMPORTED, LOSSES, epoch(1), BEAT, epoch(2), run_ended())


def lines(*events: Event, trial: str = TRIAL, first: int = 0) -> list[bytes]:
    """Write the events as a worker does: a line each with its newline, numbered from `first`, after its seconds."""
    ends = itertools.accumulate(map(_seconds, events))
    return [
        encode(event, trial=trial, seq=seq, t=t)
        for seq, (event, t) in enumerate(zip(events, ends, strict=True), start=first)
    ]


def _seconds(event: Event) -> float:
    """Return how long what an event tells of took."""
    told = sum(getattr(event, name, 0.0) for name in ("seconds", "evaluation_seconds"))
    return min(max(0.0, told), 1e9)  # what the gate refuses stays the event's own fault


def story_of(recipe: Recipe, **last_word: Any) -> list[Event]:
    """Return what a worker that trains `recipe` to its end sends."""
    images, validation = recipe.data.train.images, recipe.data.validation.images
    wrong = [round(validation / (4 * number)) for number in range(1, recipe.training.epochs + 1)]
    curve = [epoch(at, images=images, val_accuracy=1 - each / validation) for at, each in enumerate(wrong, 1)]
    first = ready(parameters=parameter_count(recipe), data_sha256=DATA_SHA256[recipe.data.view])
    return [first, IMPORTED, LOSSES, *curve, run_ended(**last_word)]


def logits(labels: NDArray[np.uint8], wrong: int = 0) -> bytes:
    """Return predictions.npy: right for all images but the first `wrong`."""
    hit = labels.astype(np.int64)
    hit[:wrong] = (hit[:wrong] + 1) % 10
    return npy(np.eye(10, dtype=np.float32)[hit])


LABELS = np.array([7, 2, 1, 0], dtype=np.uint8)


def done(events: Sequence[Event] = STORY, **changes: Any) -> Script:
    """Return the script of a worker that ends well; `changes` replace the script's fields."""
    fields: dict[str, Any] = {"chunks": lines(*events), "files": {"predictions.npy": logits(LABELS)}}
    return Script(**{**fields, **changes})
