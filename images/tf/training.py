"""What the loop does, in TensorFlow: data on the device, one training step, one forward pass, scores.

Graphs, traced once for every batch size. Nothing here reads the clock, sends an event or
copies a number back while an epoch runs: the loop in `worker.py` decides when.
"""

from pathlib import Path
from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from images.tf import model, optimizer
from shared import mnist
from shared.order import Order, order_of, sequential, shuffled
from shared.recipe import Recipe
from shared.trial import Trial

EVALUATION_BATCH = 1000


class Part(NamedTuple):
    """Images (n, height, width, 1) in the trial's precision and labels (n,) int64, whole, on the device."""

    images: tf.Tensor
    labels: tf.Tensor

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
    """Arrays by their names in the recipe, in TensorFlow's own layout."""

    logits: np.ndarray  # (n, classes) of the first batch, before any step
    loss: float  # of that batch, as training computes it
    score: Score  # of those logits, as evaluation computes it
    gradients: List[Named]
    weights_1: List[Named]  # after a step on the first batch, statistics among them
    weights_2: List[Named]  # and one on the second


def resident(recipe: Recipe, folder: Path, device: str) -> Data:
    """Read the data set once and keep it on the device, so that no loader stands in the timed region."""
    found = mnist.load(folder, recipe.data.view)

    def part(images: mnist.Bytes, labels: mnist.Bytes) -> Part:
        values = mnist.scaled(images, recipe.data.mean, recipe.data.std)  # float32, then widened
        with tf.device(device):
            return Part(tf.constant(values[..., None], keras.backend.floatx()), tf.constant(labels.astype(np.int64)))

    return Data(
        train=part(*mnist.select(found, recipe.data.train)),
        validation=part(*mnist.select(found, recipe.data.validation)),
        test=part(found.test_images, found.test_labels),
        sha256=found.sha256,
    )


class Training:
    """A network, its optimiser and its training images."""

    def __init__(self, trial: Trial, network: keras.Sequential, train: Part) -> None:
        self.network = network
        self.optimizer = optimizer.build(trial.recipe.optimizer, network.trainable_variables)
        self._named = list(model.tensors(trial.recipe, network))
        self._train = train
        self._recipe = trial.recipe.training
        self._seed = trial.seed
        self._norms = trial.norms
        with tf.device("CPU:0"):
            self._shuffle = tf.random.Generator.from_seed(trial.seed, alg="philox")
        self._xla = "xla" in trial.modes
        self.step = self._traced_step()
        images = tf.TensorSpec([None, *train.images.shape[1:]], train.images.dtype)
        self.forward = tf.function(self._forward, [images], jit_compile=self._xla)

    def _traced_step(self) -> Any:
        return tf.function(self._step, [tf.TensorSpec([None], tf.int64)], jit_compile=self._xla)

    def order(self, epoch: int) -> Order:
        """Return the images' order in an epoch, made on the CPU: the same whatever the device."""
        images = len(self._train.labels)
        if self._recipe.order == "shared":
            return shuffled(images, self._seed, epoch)
        return order_of(self._own_shuffle(images)) if self._recipe.order == "framework" else sequential(images)

    def _own_shuffle(self, images: int) -> np.ndarray:
        with tf.device("CPU:0"):
            seed = self._shuffle.make_seeds()[:, 0]
            return tf.random.experimental.stateless_shuffle(tf.range(images, dtype=tf.int64), seed).numpy()

    def file_order(self) -> Order:
        return sequential(len(self._train.labels))

    def batches(self, order: Order) -> Sequence[tf.Tensor]:
        """Lay an epoch's batches out on the device, as the indices of their images."""
        images, size = len(order.indices), self._recipe.batch_size
        with tf.device(self._train.labels.device):
            return tf.split(tf.constant(order.indices), [min(size, images - at) for at in range(0, images, size)])

    def _step(self, indices: tf.Tensor) -> Tuple[tf.Tensor, ...]:
        """Train on one batch; return its mean loss and its correct answers, both still on the device.

        Where norms are asked for, the gradient's before the step and the weights' after it follow.
        """
        loss, correct, gradients = self._differentiate(indices)
        self.optimizer.apply_gradients(zip(gradients, self.network.trainable_variables))
        if not self._norms:
            return loss, correct
        return loss, correct, _norm(gradients), _norm(self.network.trainable_variables)

    def _differentiate(self, indices: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor, List[tf.Tensor]]:
        """Return the gradients of the batch's mean loss too."""
        images, labels = tf.gather(self._train.images, indices), tf.gather(self._train.labels, indices)
        with tf.GradientTape() as tape:
            logits = self.network(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = tape.gradient(loss, self.network.trainable_variables)
        return loss, tf.math.count_nonzero(tf.argmax(logits, 1) == labels), gradients

    def audit(self, first: np.ndarray, second: np.ndarray) -> Audit:
        """Compute what the host's float64 reference must agree with; the weights are two steps on afterwards."""
        batches = [tf.constant(half) for half in (first, second)]
        part = Part(tf.gather(self._train.images, batches[0]), tf.gather(self._train.labels, batches[0]))
        before, logits = self.snapshot(), self.logits(part)
        with model.without_dropout(self.network) as without:
            step = self._traced_step() if without else self.step  # a graph keeps the rates that it was traced with
            loss, _, found = tf.function(self._differentiate, [tf.TensorSpec([None], tf.int64)])(batches[0])
            gradients = self._arrays(zip((name for name, weight in self._named if weight.trainable), found))
            self.restore(before)  # to differentiate moves the statistics
            weights = []
            for batch in batches:
                step(batch)
                weights.append(self._arrays(self._named))
        return Audit(self.array(logits), float(loss), self.score(logits, part), gradients, *weights)

    def _arrays(self, named: Iterable[Tuple[str, Any]]) -> List[Named]:
        return [(name, self.array(tensor)) for name, tensor in named]

    def _forward(self, images: tf.Tensor) -> tf.Tensor:
        return self.network(images, training=False)

    def snapshot(self) -> Any:
        return [variable.numpy() for variable in self._variables()]

    def restore(self, state: Any) -> None:
        for variable, value in zip(self._variables(), state):
            variable.assign(value)

    def _variables(self) -> List[Any]:
        return [*self.network.variables, *self.optimizer.variables]

    def evaluate(self, part: Part) -> Score:
        """Score the weights as they are."""
        return self.score(self.logits(part), part)

    def logits(self, part: Part) -> tf.Tensor:
        """Return what the network says of every image, (n, classes)."""
        starts = range(0, len(part.labels), EVALUATION_BATCH)
        return tf.concat([self.forward(part.images[at : at + EVALUATION_BATCH]) for at in starts], 0)

    def score(self, logits: tf.Tensor, part: Part) -> Score:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(part.labels, logits))
        return Score(float(loss), int(tf.math.count_nonzero(tf.argmax(logits, 1) == part.labels)) / len(part.labels))

    @staticmethod
    def read(scalars: Sequence[tf.Tensor]) -> List[float]:
        """Copy scalars back from the device, all at once."""
        return tf.stack(list(scalars)).numpy().tolist()

    @staticmethod
    def array(tensor: tf.Tensor) -> np.ndarray:
        return tensor.numpy()

    @staticmethod
    def synchronise() -> None:
        """Wait for the GPU; on the CPU an operation ends before it returns."""
        tf.test.experimental.sync_devices()


def _norm(tensors: Iterable[Any]) -> tf.Tensor:
    """Return the Euclidean norm over all elements of all tensors."""
    return tf.linalg.global_norm([tf.convert_to_tensor(tensor) for tensor in tensors])
