"""A recipe's layers as a network, its first weights, and those weights in the recipe's own layout. No training here.

Images arrive as (n, height, width, 1) and leave as (n, classes) logits; weights lie as the recipe's do.
Works with Keras 2 (TensorFlow 2.15) and Keras 3.
"""

from typing import Iterable, Iterator, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from images.tf import formulas
from shared.backend import Device, Network, Tensor
from shared.initial import Draw, Weights, arrays, first_weights
from shared.recipe import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    Recipe,
    Shape,
    shapes,
)

ACTIVATIONS = {"relu": tf.nn.relu, "tanh": tf.nn.tanh, "gelu": formulas.gelu}


def build(recipe: Recipe, seed: int, device: Device) -> Network:
    """Return the network on the device, with its first weights.

    The layer of index i is `layers[i]`, its activation included.
    """
    keras.utils.set_random_seed(seed)  # dropout's masks come from generators that take their seeds from it
    with tf.device(device):
        network = keras.Sequential([keras.Input(shapes(recipe)[0]), *map(_module, recipe.layers)])
    load(recipe, network, first_weights(recipe, seed, uniform))
    return network


def _module(layer: Layer) -> keras.layers.Layer:
    activation = ACTIVATIONS.get(getattr(layer, "activation", ""))
    if isinstance(layer, Conv2d):
        strides, padding = layer.stride, layer.padding
        return keras.layers.Conv2D(
            layer.filters, layer.kernel, strides, padding, use_bias=layer.bias, activation=activation
        )
    if isinstance(layer, MaxPool2d):
        return keras.layers.MaxPooling2D(layer.size, strides=layer.size, padding="valid")
    if isinstance(layer, AveragePool2d):
        return keras.layers.AveragePooling2D(layer.size, strides=layer.size, padding="valid")
    if isinstance(layer, BatchNorm):
        return formulas.Normalization(layer.momentum, layer.epsilon, activation)
    if isinstance(layer, Dropout):
        return keras.layers.Dropout(layer.rate)
    if isinstance(layer, Flatten):
        return keras.layers.Flatten()
    return keras.layers.Dense(layer.units, use_bias=layer.bias, activation=activation)


def uniform(seed: int) -> Draw:
    """Return the framework's own generator of U(low, high), on the CPU: the same whatever the device."""
    with tf.device("CPU:0"):
        generator = tf.random.Generator.from_seed(seed, alg="philox")

    def draw(shape: Shape, low: float, high: float) -> np.ndarray:
        with tf.device("CPU:0"):
            return (generator.uniform(shape, low, high) + 0).numpy()  # U(±0) may be −0 without it

    return draw


def load(recipe: Recipe, network: Network, weights: Weights) -> None:
    """Put weights into the network."""
    by_name = dict(weights)
    for name, tensor in tensors(recipe, network):
        tensor.assign(by_name[name])


def tensors(recipe: Recipe, network: Network) -> Iterator[Tuple[str, Tensor]]:
    """Yield each weight and statistic by its name in the recipe."""
    for array in arrays(recipe):
        index, own = array.name.split(".")
        yield array.name, getattr(network.layers[int(index)], own)


def to_recipe_layout(_: Recipe, named: Iterable[Tuple[str, Tensor]]) -> Weights:
    """Copy weights, or their gradients, to NumPy."""
    return [(name, tensor.numpy()) for name, tensor in named]


def parameter_count(network: Network) -> int:
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
