"""A recipe's layers as a Keras network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, height, width, 1) float32 and leave as (n, classes) logits. TensorFlow
computes in height, width, channels, as the recipe speaks, so no weight is re-ordered here.
Works with Keras 2 (TensorFlow 2.15) and Keras 3. No training here.
"""

import math
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared.initial import Weights, arrays, shared_weights
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Recipe,
    shapes,
)


def _gelu(sums: tf.Tensor) -> tf.Tensor:
    """TensorFlow's own, whose √2 is a float32 even where the sums are float64."""
    return sums * (1 + tf.math.erf(sums / math.sqrt(2))) / 2


ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.nn.tanh, "gelu": _gelu}


def build(recipe: Recipe, seed: int, device: str) -> keras.Sequential:
    """Return the network on the device, with its first weights.

    The layer of index i is `layers[i]`, its activation included.
    """
    keras.utils.set_random_seed(seed)  # dropout's masks come from generators that take their seeds from it
    with tf.device(device):
        network = keras.Sequential([keras.Input(shapes(recipe)[0]), *map(_module, recipe.layers)])
    shared = recipe.initial.draw == "shared"
    load(recipe, network, shared_weights(recipe, seed) if shared else own_weights(recipe, seed))
    return network


def _module(layer: Layer) -> keras.layers.Layer:
    activation = ACTIVATIONS.get(getattr(layer, "activation", ""))
    if isinstance(layer, Conv2d):
        return keras.layers.Conv2D(
            layer.filters,
            layer.kernel,
            strides=layer.stride,
            padding=layer.padding,
            use_bias=layer.bias,
            activation=activation,
        )
    if isinstance(layer, MaxPool2d):
        return keras.layers.MaxPooling2D(layer.size, strides=layer.size, padding="valid")
    if isinstance(layer, AveragePool2d):
        return keras.layers.AveragePooling2D(layer.size, strides=layer.size, padding="valid")
    if isinstance(layer, BatchNorm):
        return Normalization(layer.momentum, layer.epsilon, activation)
    if isinstance(layer, Dropout):
        return keras.layers.Dropout(layer.rate)
    if isinstance(layer, Flatten):
        return keras.layers.Flatten()
    return keras.layers.Dense(layer.units, use_bias=layer.bias, activation=activation)


class Normalization(keras.layers.Layer):
    """Batch norm whose running variance is the unbiased one, as the recipe and PyTorch have it.

    Keras 3 keeps the biased one, Keras 2 either, by whether its fused kernel runs.
    """

    def __init__(self, momentum: float, epsilon: float, activation: Any) -> None:
        super().__init__()
        self._momentum, self._epsilon, self._activation = momentum, epsilon, activation

    def build(self, shape: Any) -> None:
        channels = (shape[-1],)
        self.scale = self.add_weight(name="scale", shape=channels, initializer="ones")
        self.shift = self.add_weight(name="shift", shape=channels, initializer="zeros")
        self.running_mean = self.add_weight(name="mean", shape=channels, initializer="zeros", trainable=False)
        self.running_variance = self.add_weight(name="variance", shape=channels, initializer="ones", trainable=False)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        mean, variance = self.running_mean, self.running_variance
        if training:
            mean = _mean(inputs)
            variance = _mean(tf.math.squared_difference(inputs, tf.stop_gradient(mean)))
            values = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)  # that one channel has
            self._remember(self.running_mean, mean)
            self._remember(self.running_variance, variance * values / (values - 1))
        normal = tf.nn.batch_normalization(inputs, mean, variance, self.shift, self.scale, self._epsilon)
        return normal if self._activation is None else self._activation(normal)

    def _remember(self, running: Any, new: tf.Tensor) -> None:
        running.assign(self._momentum * running + (1 - self._momentum) * new)


def _mean(values: tf.Tensor) -> tf.Tensor:
    """Average over all axes but the last, first within an image.

    In one go, as `tf.nn.moments` does, TensorFlow adds 20,000 numbers of an image's empty border one after the other in
    float32, and the mean is off by 1e-4.
    """
    return tf.reduce_mean(tf.reduce_mean(values, [1, 2]) if len(values.shape) == 4 else values, 0)


def own_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw the first weights from TensorFlow's own generator, on the CPU: the same whatever the device."""
    with tf.device("CPU:0"):
        generator, found = tf.random.Generator.from_seed(seed, alg="philox"), []
        for each in arrays(recipe):
            drawn = generator.uniform(each.shape, each.low, each.high)
            found.append((each.name, (drawn + 0).numpy()))  # U(±0) may be −0 without it
    return found


def load(recipe: Recipe, network: keras.Sequential, weights: Weights) -> None:
    """Put weights into the network."""
    given = dict(weights)
    for name, variable in tensors(recipe, network):
        variable.assign(given[name])


def tensors(recipe: Recipe, network: keras.Sequential) -> Iterator[Tuple[str, Any]]:
    """Yield each weight and statistic by its name in the recipe; what is trained is trainable."""
    for each in arrays(recipe):
        index, own = each.name.split(".")
        yield each.name, getattr(network.layers[int(index)], own)


def neutral_weights(recipe: Recipe, network: keras.Sequential) -> Weights:
    """Read the weights as they are."""
    found = tensors(recipe, network)
    return neutral(recipe, [(name, variable.numpy()) for name, variable in found])


def neutral(_: Recipe, named: Iterable[Tuple[str, np.ndarray]]) -> Weights:
    """Lay out arrays of weights, their values or their gradients, as the recipe does: they are."""
    return list(named)


@contextmanager
def without_dropout(network: keras.Sequential) -> Iterator[bool]:
    """Drop nothing for a while, and everything else as in training: no two frameworks draw the same masks."""
    found = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in found]
    for layer in found:
        layer.rate = 0.0
    try:
        yield bool(found)
    finally:
        for layer, rate in zip(found, rates):
            layer.rate = rate


def parameter_count(network: keras.Sequential) -> int:
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
