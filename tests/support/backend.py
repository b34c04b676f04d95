"""A framework of NumPy's own for the worker's loop: it trains next to nothing and writes down what it is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared import mnist
from shared.backend import Part, Score, Step
from shared.emitter import Emitter
from shared.events import Event
from shared.initial import Weights
from shared.recipe import Slice, Training
from shared.trial import Trial
from shared.worker import Framework
from tests.support.recipes import dense

TRAIN_IMAGES, VALIDATION_IMAGES = 10, 6
TRIAL = Trial(
    id="scripted.tiny.s1",
    contender="scripted==1.0",
    recipe=dense(
        "tiny",
        Training(2, 4, "framework"),
        Slice("train", 0, TRAIN_IMAGES),
        Slice("test", 0, VALIDATION_IMAGES),
        draw="shared",
    ),
    seed=1,
    device="cpu",
    modes=[],
    threads=1,
)


class ScriptedTraining:
    """One weight that each step raises by 1, statistics that each gradient moves, and a loss of the batch's size.

    `losses` are returned instead, in their order, as long as there are any; an exception among them is raised.
    """

    def __init__(self, trial: Trial, train: Part, calls: list[str], losses: Sequence[float | Exception] = ()) -> None:
        self.calls = calls
        self._losses = list(losses)
        self.weight, self.statistic, self.optimizer_steps = 0.0, 0.0, 0
        self.rate = 0.5  # of dropout
        self._norms = trial.norms
        self._train = train
        self._shuffle = np.random.default_rng(trial.seed)

    @property
    def state(self) -> tuple[float, float, int]:
        return (self.weight, self.statistic, self.optimizer_steps)

    def weights(self) -> Weights:
        return [("1.kernel", np.array([self.weight], np.float32))]

    def parameter_count(self) -> int:
        return 650

    def shuffle(self, images: int) -> NDArray[np.int64]:
        self.calls.append("shuffle")
        return self._shuffle.permutation(images)

    def batches(self, indices: NDArray[np.int64], size: int) -> Sequence[NDArray[np.int64]]:
        self.calls.append("batches")
        return [indices[at : at + size] for at in range(0, len(indices), size)]

    def part(self, batch: NDArray[np.int64]) -> Part:
        return Part(self._train.images[batch], self._train.labels[batch])

    def step(self, batch: NDArray[np.int64]) -> tuple[float, ...]:
        self.calls.append(f"step {len(batch)}" if self.rate else f"step {len(batch)} without dropout")
        self.weight += 1
        self.statistic += 1
        self.optimizer_steps += 1
        loss = self._losses.pop(0) if self._losses else float(len(batch))
        if isinstance(loss, Exception):
            raise loss
        return (loss, 1, 0.5, self.weight) if self._norms else (loss, 1)

    def gradients(self, batch: NDArray[np.int64]) -> tuple[float, Weights]:
        self.calls.append("gradients")
        self.statistic += 1
        return 0.25, [("1.kernel", np.array([0.125], np.float32))]

    @contextmanager
    def without_dropout(self) -> Iterator[Step]:
        self.rate = 0.0
        yield self.step
        self.rate = 0.5

    def logits(self, part: Part) -> NDArray[np.float32]:
        self.calls.append(f"logits {len(part.labels)}")
        return np.full((len(part.labels), 10), self.weight, np.float32)

    def score(self, logits: NDArray[np.float32], part: Part) -> Score:
        self.calls.append("score")
        return Score(0.75, 0.5)

    def snapshot(self) -> Any:
        return self.state

    def restore(self, state: Any) -> None:
        self.calls.append("restore")
        self.weight, self.statistic, self.optimizer_steps = state

    def read(self, scalars: Sequence[float]) -> list[float]:
        self.calls.append("read")
        return [float(scalar) for scalar in scalars]

    def array(self, tensor: NDArray[Any]) -> NDArray[Any]:
        return tensor

    def synchronise(self) -> None:
        self.calls.append("synchronise")


class ScriptedBackend:
    def __init__(self, trial: Trial, calls: list[str], losses: Sequence[float | Exception]) -> None:
        self.calls = calls
        self._losses = losses
        self.variable_at_load = os.environ.get("SCRIPTED")
        self.training: ScriptedTraining | None = None
        self._trial = trial

    def place(self, images: NDArray[np.float32], labels: NDArray[np.int64]) -> Part:
        return Part(images[..., None], labels)

    def build(self, train: Part) -> ScriptedTraining:
        self.training = ScriptedTraining(self._trial, train, self.calls, self._losses)
        return self.training

    def versions(self) -> dict[str, str]:
        return {"python": "3.12", "scripted": "1.0"}

    def modes(self) -> dict[str, str]:
        return {"execution": "eager"}

    def gpu_name(self) -> str:
        return "a GPU"

    def gpu_peak_bytes(self) -> int:
        return 123

    def facts(self) -> dict[str, str]:
        self.calls.append("facts")
        return {"blas": "none"}


class CallsEmitter(Emitter):
    """Writes each event, and the end of the heartbeat, into the calls too."""

    def __init__(self, trial: str, out: Path, live_fd: int, calls: list[str]) -> None:
        super().__init__(trial, out, live_fd)
        self._calls = calls

    def emit(self, event: Event) -> None:
        self._calls.append(f"event {getattr(event, 'phase', event.kind)}")
        super().emit(event)

    def close(self) -> None:
        self._calls.append("close")
        super().close()


def framework(calls: list[str], losses: Sequence[float | Exception] = ()) -> tuple[Framework, list[ScriptedBackend]]:
    """Return a framework and a list that holds its backend once it is loaded."""
    loaded: list[ScriptedBackend] = []

    def load(trial: Trial) -> ScriptedBackend:
        loaded.append(ScriptedBackend(trial, calls, losses))
        return loaded[0]

    return Framework("scripted", "Scripted", "scripted", lambda _: {"SCRIPTED": "1"}, load), loaded


def pixels() -> mnist.Mnist:
    """A data set of black images, as large as the trial needs."""
    images, labels = np.zeros((TRAIN_IMAGES, 8, 8), np.uint8), np.zeros(TRAIN_IMAGES, np.uint8)
    return mnist.Mnist(images, labels, images, labels, "0" * 64)
