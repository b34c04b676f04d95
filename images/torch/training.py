"""What the loop does, in PyTorch: data on the device, one training step, one forward pass, scores.

Eager execution. Nothing here reads the clock, sends an event or copies a number back while
an epoch runs: the loop in `worker.py` decides when.
"""

import copy
from pathlib import Path
from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from images.torch import model, optimizer
from shared import mnist
from shared.order import Order, order_of, sequential, shuffled
from shared.recipe import Recipe
from shared.trial import Trial

EVALUATION_BATCH = 1000


class Part(NamedTuple):
    """Images (n, 1, height, width) in the trial's precision and labels (n,) int64, whole, on the device."""

    images: torch.Tensor
    labels: torch.Tensor

    def first(self) -> "Part":
        """Return the images of one evaluation batch."""
        return Part(self.images[:EVALUATION_BATCH], self.labels[:EVALUATION_BATCH])


class Data(NamedTuple):
    train: Part
    validation: Part
    test: Part
    sha256: str


class Score(NamedTuple):
    loss: float  # mean per image
    accuracy: float  # 0..1


Named = Tuple[str, np.ndarray]


class Audit(NamedTuple):
    """Arrays by their names in the recipe, in PyTorch's own layout."""

    logits: np.ndarray  # (n, classes) of the first batch, before any step
    loss: float  # of that batch, as training computes it
    score: Score  # of those logits, as evaluation computes it
    gradients: List[Named]
    weights_1: List[Named]  # after a step on the first batch, statistics among them
    weights_2: List[Named]  # and one on the second


def resident(recipe: Recipe, folder: Path, device: torch.device) -> Data:
    """Read the data set once and keep it on the device, so that no loader stands in the timed region."""
    found = mnist.load(folder, recipe.data.view)

    def part(images: mnist.Bytes, labels: mnist.Bytes) -> Part:
        values = torch.from_numpy(mnist.scaled(images, recipe.data.mean, recipe.data.std))  # float32, then widened
        own = values[:, None].to(device, torch.get_default_dtype())
        return Part(own, torch.from_numpy(labels.astype(np.int64)).to(device))

    return Data(
        train=part(*mnist.select(found, recipe.data.train)),
        validation=part(*mnist.select(found, recipe.data.validation)),
        test=part(found.test_images, found.test_labels),
        sha256=found.sha256,
    )


class Training:
    """A network, its optimiser and its training images."""

    def __init__(self, trial: Trial, network: nn.Sequential, train: Part) -> None:
        self.network = network
        self.optimizer = optimizer.build(trial.recipe.optimizer, list(network.parameters()))
        self._named = list(model.tensors(trial.recipe, network))
        self._train = train
        self._recipe = trial.recipe.training
        self._seed = trial.seed
        self._norms = trial.norms
        self._shuffle = torch.Generator().manual_seed(trial.seed)

    def order(self, epoch: int) -> Order:
        """Return the images' order in an epoch, made on the CPU: the same whatever the device."""
        images = len(self._train.labels)
        if self._recipe.order == "shared":
            return shuffled(images, self._seed, epoch)
        return order_of(self._own_shuffle(images)) if self._recipe.order == "framework" else sequential(images)

    def _own_shuffle(self, images: int) -> np.ndarray:
        return torch.randperm(images, generator=self._shuffle).numpy()

    def file_order(self) -> Order:
        return sequential(len(self._train.labels))

    def batches(self, order: Order) -> Sequence[torch.Tensor]:
        """Lay an epoch's batches out on the device, as the indices of their images."""
        return torch.from_numpy(order.indices).to(self._train.labels.device).split(self._recipe.batch_size)

    def step(self, indices: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        """Train on one batch; return its mean loss and its correct answers, both still on the device.

        Where norms are asked for, the gradient's before the step and the weights' after it follow.
        """
        loss, correct = self._differentiate(indices)
        self.optimizer.step()
        if not self._norms:
            return loss, correct
        parameters = list(self.network.parameters())
        return loss, correct, _norm(parameter.grad for parameter in parameters), _norm(parameters)

    def _differentiate(self, indices: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        """Leave the gradients of the batch's mean loss in the parameters."""
        images, labels = self._train.images[indices], self._train.labels[indices]
        logits = self.network(images)
        loss = F.cross_entropy(logits, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return loss.detach(), (logits.argmax(1) == labels).sum()

    def audit(self, first: np.ndarray, second: np.ndarray) -> Audit:
        """Compute what the host's float64 reference must agree with; the weights are two steps on afterwards."""
        batches = [torch.from_numpy(half).to(self._train.labels.device) for half in (first, second)]
        part = Part(self._train.images[batches[0]], self._train.labels[batches[0]])
        before, logits = self.snapshot(), self.logits(part)
        with model.without_dropout(self.network):
            loss, _ = self._differentiate(batches[0])
            gradients = self._arrays((name, weight.grad) for name, weight in self._named if weight.requires_grad)
            self.restore(before)  # to differentiate moves the statistics
            weights = []
            for batch in batches:
                self.step(batch)
                weights.append(self._arrays(self._named))
        return Audit(self.array(logits), float(loss), self.score(logits, part), gradients, *weights)

    def _arrays(self, named: Iterable[Tuple[str, Any]]) -> List[Named]:
        return [(name, self.array(tensor.detach()).copy()) for name, tensor in named]

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)

    def snapshot(self) -> Any:
        return copy.deepcopy((self.network.state_dict(), self.optimizer.state_dict()))

    def restore(self, state: Any) -> None:
        self.network.load_state_dict(state[0])
        self.optimizer.load_state_dict(state[1])

    def evaluate(self, part: Part) -> Score:
        """Score the weights as they are."""
        return self.score(self.logits(part), part)

    def logits(self, part: Part) -> torch.Tensor:
        """Return what the network says of every image, (n, classes)."""
        self.network.eval()
        found = torch.cat([self.forward(images) for images in part.images.split(EVALUATION_BATCH)])
        self.network.train()
        return found

    def score(self, logits: torch.Tensor, part: Part) -> Score:
        loss = F.cross_entropy(logits, part.labels)
        return Score(loss.item(), (logits.argmax(1) == part.labels).sum().item() / len(part.labels))

    @staticmethod
    def read(scalars: Sequence[torch.Tensor]) -> List[float]:
        """Copy scalars back from the device, all at once."""
        return torch.stack(list(scalars)).tolist()

    @staticmethod
    def array(tensor: torch.Tensor) -> np.ndarray:
        return tensor.cpu().numpy()

    @staticmethod
    def synchronise() -> None:
        """Wait for the GPU; on the CPU an operation ends before it returns."""
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()


@torch.no_grad()
def _norm(tensors: Iterable[Any]) -> torch.Tensor:
    """Return the Euclidean norm over all elements of all tensors."""
    return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(tensor) for tensor in tensors]))
