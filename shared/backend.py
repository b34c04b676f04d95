"""What the worker's loop asks of a framework: a `Backend`, and the `Training` that it builds.

`images/<name>/backend.py` and `training.py` implement them, `shared/loop.py` calls them. Tensors are the framework's
own: the loop hands them on and looks at none.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Dict, Iterable, Iterator, List, NamedTuple, Protocol, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

from shared.initial import Weights

EVALUATION_BATCH = 1000
"""Images of one forward pass without training."""

Tensor = Any  # these four are the framework's own
Network = Any
Device = Any
Batch = Any  # indices of training images, int64 (n,), on the device
Step = Callable[[Batch], Tuple[Tensor, ...]]


class Part(NamedTuple):
    """Images in the trial's precision and the framework's layout, and labels (n,) int64, whole, on the device."""

    images: Tensor
    labels: Tensor

    def first(self) -> Part:
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


class Training(Protocol):
    """A network, its optimizer and its training images on the device."""

    def weights(self) -> Weights:
        """Copy weights and statistics, in the recipe's names, order and layout."""

    def parameter_count(self) -> int: ...

    def shuffle(self, images: int) -> NDArray[np.int64]:
        """Return the next permutation of the framework's own generator, seeded with the trial's seed."""

    def batches(self, indices: NDArray[np.int64], size: int) -> Sequence[Batch]:
        """Copy indices to the device and cut them into batches; the last one may be smaller."""

    def part(self, batch: Batch) -> Part:
        """Return a batch's images and labels."""

    def step(self, batch: Batch) -> Tuple[Tensor, ...]:
        """Train on one batch; return its mean loss and its number of correct answers, both still on the device.

        Where the trial asks for norms, those of the gradient before the step and of the weights after it follow.
        The one call within the timed region.
        """

    def gradients(self, batch: Batch) -> Tuple[float, Weights]:
        """Return a batch's mean loss and its gradients, named and laid out as the recipe's weights.

        No weight moves, but statistics may.
        """

    def without_dropout(self) -> ContextManager[Step]:
        """Drop nothing for a while, with all else as in training; give the step to take meanwhile."""

    def logits(self, part: Part) -> Tensor:
        """Return the network's logits of every image, (n, classes), as evaluation computes them."""

    def score(self, logits: Tensor, part: Part) -> Score: ...

    def snapshot(self) -> Any:
        """Copy weights, statistics and the optimizer's state."""

    def restore(self, state: Any) -> None:
        """Put a snapshot back, once."""

    def read(self, scalars: Sequence[Tensor]) -> List[float]:
        """Copy scalars from the device, all at once."""

    def array(self, tensor: Tensor) -> NDArray[Any]: ...

    def synchronise(self) -> None:
        """Wait until the device has done all that it was given."""


class Backend(Protocol):
    """A framework, imported and configured for a trial and its device."""

    def place(self, images: NDArray[np.float32], labels: NDArray[np.int64]) -> Part:
        """Copy images (n, height, width) and labels to the device, in the trial's precision."""

    def build(self, train: Part) -> Training:
        """Make the network with its first weights, and its optimizer."""

    def versions(self) -> Dict[str, str]:
        """Name the packages and libraries that compute, with their versions."""

    def modes(self) -> Dict[str, str]:
        """Name the settings in which frameworks differ, read back from the framework."""

    def gpu_name(self) -> str: ...

    def gpu_peak_bytes(self) -> int:
        """Return the most bytes that tensors took on the GPU."""

    def facts(self) -> Dict[str, str]:
        """Read what else explains a number; never called while a phase or an epoch is timed."""


@contextmanager
def replaced(objects: Iterable[Any], name: str, value: Any) -> Iterator[None]:
    """Give an attribute of all objects another value for a while."""
    before = [(owner, getattr(owner, name)) for owner in objects]
    for owner, _ in before:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, old in before:
            setattr(owner, name, old)
