"""What the loop does, in PyTorch: data on the device, one training step, one forward pass, scores.

Eager execution. Nothing here reads the clock, sends an event or copies a number back while
an epoch runs: the loop in `worker.py` decides when.
"""

import copy
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from shared import mnist
from shared.recipe import Recipe
from shared.trial import Trial

EVALUATION_BATCH = 1000


class Part(NamedTuple):
    """Images (n, 1, height, width) float32 and labels (n,) int64, whole, on the device."""

    images: torch.Tensor
    labels: torch.Tensor

    def batches(self) -> Iterator["Part"]:
        return map(Part, self.images.split(EVALUATION_BATCH), self.labels.split(EVALUATION_BATCH))

    def first(self) -> "Part":
        return next(self.batches())


class Data(NamedTuple):
    train: Part
    validation: Part
    test: Part
    sha256: str


class Score(NamedTuple):
    loss: float  # mean per image
    accuracy: float  # 0..1


def resident(recipe: Recipe, folder: Path, device: torch.device) -> Data:
    """Read the data set once and keep it on the device, so that no loader stands in the timed region."""
    found = mnist.load(folder, recipe.data.view)

    def part(images: mnist.Bytes, labels: mnist.Bytes) -> Part:
        values = torch.from_numpy(mnist.scaled(images, recipe.data.mean, recipe.data.std))
        return Part(values[:, None].to(device), torch.from_numpy(labels.astype(np.int64)).to(device))

    return Data(
        train=part(*mnist.select(found, recipe.data.train)),
        validation=part(*mnist.select(found, recipe.data.validation)),
        test=part(found.test_images, found.test_labels),
        sha256=found.sha256,
    )


class Training:
    """A network, its optimiser and its training images."""

    def __init__(self, trial: Trial, network: nn.Module, train: Part) -> None:
        self.network = network
        self.optimizer = torch.optim.SGD(
            network.parameters(), lr=trial.recipe.optimizer.learning_rate, momentum=0, weight_decay=0, nesterov=False
        )
        self._train = train
        self._recipe = trial.recipe.training
        self._shuffle = torch.Generator().manual_seed(trial.seed)

    def batches(self, *, shuffled: bool) -> Sequence[torch.Tensor]:
        """Return the indices of one epoch's batches, in the file's order or newly permuted."""
        images = len(self._train.labels)
        order = torch.randperm(images, generator=self._shuffle) if shuffled else torch.arange(images)
        return order.to(self._train.labels.device).split(self._recipe.batch_size)

    def step(self, indices: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        """Train on one batch; return its mean loss and its correct answers, both still on the device."""
        images, labels = self._train.images[indices], self._train.labels[indices]
        logits = self.network(images)
        loss = F.cross_entropy(logits, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach(), (logits.argmax(1) == labels).sum()

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)

    def snapshot(self) -> Any:
        return copy.deepcopy((self.network.state_dict(), self.optimizer.state_dict()))

    def restore(self, state: Any) -> None:
        self.network.load_state_dict(state[0])
        self.optimizer.load_state_dict(state[1])

    def evaluate(self, part: Part) -> Score:
        """Score the weights as they are; sums are read back once, after the last batch."""
        losses, correct = [], []
        for images, labels in part.batches():
            logits = self.forward(images)
            losses.append(F.cross_entropy(logits, labels, reduction="sum"))
            correct.append((logits.argmax(1) == labels).sum())
        return Score(sum(self.read(losses)) / len(part.labels), sum(self.read(correct)) / len(part.labels))

    def predictions(self, part: Part) -> np.ndarray:
        """Return logits, float32 (n, classes)."""
        return torch.cat([self.forward(batch.images) for batch in part.batches()]).cpu().numpy()

    @staticmethod
    def read(scalars: List[torch.Tensor]) -> List[float]:
        """Copy scalars back from the device, all at once."""
        return torch.stack(scalars).tolist()

    @staticmethod
    def synchronise() -> None:
        """Wait for the GPU; on the CPU an operation ends before it returns."""
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
