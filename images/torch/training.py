"""The training step, evaluation and snapshots, called by shared/loop.py: `shared.backend.Training`.

Nothing here reads the clock, sends an event or copies a number back while an epoch runs.
"""

import copy
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, List, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from images.torch import model, optimizer
from shared.backend import EVALUATION_BATCH, Batch, Device, Network, Part, Score, Step, Tensor, replaced
from shared.initial import Weights
from shared.trial import Trial


class Training:
    """Eager: a step is Python calling one operation after the other."""

    def __init__(self, trial: Trial, network: Network, train: Part, device: Device) -> None:
        self.network = network
        self.optimizer = optimizer.build(trial.recipe.optimizer, list(network.parameters()))
        self._named = list(model.tensors(trial.recipe, network))
        self._train = train
        self._device = device
        self._recipe = trial.recipe
        self._norms = trial.norms
        self._shuffle = torch.Generator().manual_seed(trial.seed)

    def weights(self) -> Weights:
        return model.to_recipe_layout(self._recipe, self._named)

    def parameter_count(self) -> int:
        return model.parameter_count(self.network)

    def shuffle(self, images: int) -> np.ndarray:
        return torch.randperm(images, generator=self._shuffle).numpy()

    def batches(self, indices: np.ndarray, size: int) -> Sequence[Batch]:
        return torch.from_numpy(indices).to(self._device).split(size)

    def part(self, batch: Batch) -> Part:
        return Part(self._train.images[batch], self._train.labels[batch])

    def step(self, batch: Batch) -> Tuple[Tensor, ...]:
        loss, correct = self._differentiate(batch)
        self.optimizer.step()
        if not self._norms:
            return loss, correct
        parameters = list(self.network.parameters())
        return loss, correct, _norm(parameter.grad for parameter in parameters), _norm(parameters)

    def _differentiate(self, batch: Batch) -> Tuple[Tensor, Tensor]:
        """Leave the gradients of the batch's mean loss in the parameters."""
        images, labels = self._train.images[batch], self._train.labels[batch]
        logits = self.network(images)
        loss = F.cross_entropy(logits, labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return loss.detach(), (logits.argmax(1) == labels).sum()

    def gradients(self, batch: Batch) -> Tuple[float, Weights]:
        loss, _ = self._differentiate(batch)
        named = ((name, weight.grad) for name, weight in self._named if weight.requires_grad)
        return float(loss), model.to_recipe_layout(self._recipe, named)

    @contextmanager
    def without_dropout(self) -> Iterator[Step]:
        layers = [layer for layer in self.network if isinstance(layer, nn.Dropout)]
        with replaced(layers, "p", 0.0):
            yield self.step

    @torch.no_grad()
    def _forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def logits(self, part: Part) -> Tensor:
        self.network.eval()
        logits = torch.cat([self._forward(images) for images in part.images.split(EVALUATION_BATCH)])
        self.network.train()
        return logits

    def score(self, logits: Tensor, part: Part) -> Score:
        loss = F.cross_entropy(logits, part.labels)
        return Score(loss.item(), (logits.argmax(1) == part.labels).sum().item() / len(part.labels))

    def snapshot(self) -> Any:
        return copy.deepcopy((self.network.state_dict(), self.optimizer.state_dict()))

    def restore(self, state: Any) -> None:
        self.network.load_state_dict(state[0])
        self.optimizer.load_state_dict(state[1])

    def read(self, scalars: Sequence[Tensor]) -> List[float]:
        return torch.stack(list(scalars)).tolist()

    def array(self, tensor: Tensor) -> np.ndarray:
        return tensor.cpu().numpy()

    def synchronise(self) -> None:
        """Wait for the GPU; on the CPU an operation ends before it returns."""
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()


def _norm(tensors: Iterable[Any]) -> Tensor:
    """Return the Euclidean norm over all elements of all tensors."""
    with torch.no_grad():
        return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(tensor) for tensor in tensors]))
