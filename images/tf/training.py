"""The training step, evaluation and snapshots, called by shared/loop.py: `shared.backend.Training`.

Nothing here reads the clock, sends an event or copies a number back while an epoch runs.
"""

from contextlib import contextmanager
from typing import Any, Iterable, Iterator, List, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from images.tf import model, optimizer
from shared.backend import EVALUATION_BATCH, Batch, Device, Network, Part, Score, Step, Tensor, replaced
from shared.initial import Weights
from shared.trial import Trial

BATCH = [tf.TensorSpec([None], tf.int64)]  # signature of a function of a batch's indices


class Training:
    """Graphs: a step is traced once and serves batches of any size."""

    def __init__(self, trial: Trial, network: Network, train: Part, device: Device) -> None:
        self.network = network
        self.optimizer = optimizer.build(trial.recipe.optimizer, network.trainable_variables)
        self._named = list(model.tensors(trial.recipe, network))
        self._train = train
        self._device = device
        self._recipe = trial.recipe
        self._norms = trial.norms
        with tf.device("CPU:0"):
            self._shuffle = tf.random.Generator.from_seed(trial.seed, alg="philox")
        self._xla = "xla" in trial.modes
        self.step = self._traced_step()
        images = tf.TensorSpec([None, *train.images.shape[1:]], train.images.dtype)
        self.forward = tf.function(self._forward, [images], jit_compile=self._xla)

    def _traced_step(self) -> Step:
        return tf.function(self._step, BATCH, jit_compile=self._xla)

    def weights(self) -> Weights:
        return model.to_recipe_layout(self._recipe, self._named)

    def parameter_count(self) -> int:
        return model.parameter_count(self.network)

    def shuffle(self, images: int) -> np.ndarray:
        with tf.device("CPU:0"):
            seed = self._shuffle.make_seeds()[:, 0]
            return tf.random.experimental.stateless_shuffle(tf.range(images, dtype=tf.int64), seed).numpy()

    def batches(self, indices: np.ndarray, size: int) -> Sequence[Batch]:
        images = len(indices)
        with tf.device(self._device):
            return tf.split(tf.constant(indices), [min(size, images - at) for at in range(0, images, size)])

    def part(self, batch: Batch) -> Part:
        return Part(tf.gather(self._train.images, batch), tf.gather(self._train.labels, batch))

    def _step(self, batch: Batch) -> Tuple[Tensor, ...]:
        loss, correct, gradients = self._differentiate(batch)
        self.optimizer.apply_gradients(zip(gradients, self.network.trainable_variables))
        if not self._norms:
            return loss, correct
        return loss, correct, _norm(gradients), _norm(self.network.trainable_variables)

    def _differentiate(self, batch: Batch) -> Tuple[Tensor, Tensor, List[Tensor]]:
        """Return the gradients of the batch's mean loss too."""
        images, labels = tf.gather(self._train.images, batch), tf.gather(self._train.labels, batch)
        with tf.GradientTape() as tape:
            logits = self.network(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, self.network.trainable_variables)
        return loss, tf.math.count_nonzero(tf.argmax(logits, 1) == labels), gradients

    def gradients(self, batch: Batch) -> Tuple[float, Weights]:
        loss, _, gradients = tf.function(self._differentiate, BATCH)(batch)
        named = zip((name for name, weight in self._named if weight.trainable), gradients)
        return float(loss), model.to_recipe_layout(self._recipe, named)

    @contextmanager
    def without_dropout(self) -> Iterator[Step]:
        layers = [layer for layer in self.network.layers if isinstance(layer, keras.layers.Dropout)]
        with replaced(layers, "rate", 0.0):
            yield self._traced_step() if layers else self.step  # a graph keeps the rates that it was traced with

    def _forward(self, images: Tensor) -> Tensor:
        return self.network(images, training=False)

    def logits(self, part: Part) -> Tensor:
        starts = range(0, len(part.labels), EVALUATION_BATCH)
        return tf.concat([self.forward(part.images[at : at + EVALUATION_BATCH]) for at in starts], 0)

    def score(self, logits: Tensor, part: Part) -> Score:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(part.labels, logits))
        return Score(float(loss), int(tf.math.count_nonzero(tf.argmax(logits, 1) == part.labels)) / len(part.labels))

    def snapshot(self) -> Any:
        return [variable.numpy() for variable in self._variables()]

    def restore(self, state: Any) -> None:
        for variable, value in zip(self._variables(), state):
            variable.assign(value)

    def _variables(self) -> List[Any]:
        return [*self.network.variables, *self.optimizer.variables]

    def read(self, scalars: Sequence[Tensor]) -> List[float]:
        return tf.stack(list(scalars)).numpy().tolist()

    def array(self, tensor: Tensor) -> np.ndarray:
        return tensor.numpy()

    def synchronise(self) -> None:
        """Wait for the GPU; on the CPU an operation ends before it returns."""
        tf.test.experimental.sync_devices()


def _norm(tensors: Iterable[Any]) -> Tensor:
    """Return the Euclidean norm over all elements of all tensors."""
    return tf.linalg.global_norm([tf.convert_to_tensor(tensor) for tensor in tensors])
