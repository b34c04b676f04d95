"""A recipe's layers as a Keras network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, height, width, 1) float32 and leave as (n, classes) logits. TensorFlow
computes in height, width, channels, as the recipe speaks, so no weight is re-ordered here.
Works with Keras 2 (TensorFlow 2.15) and Keras 3. No training here.
"""

from typing import Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared.initial import Weights, bounds, kernel_shape, shared_weights, weighted
from shared.recipe import Conv2d, Flatten, Layer, MaxPool2d, Recipe, shapes


def build(recipe: Recipe, seed: int, device: str) -> keras.Sequential:
    """Return the network on the device, with its first weights.

    The layer of index i is `layers[i]`, its activation included.
    """
    with tf.device(device):
        network = keras.Sequential([keras.Input(shapes(recipe)[0]), *map(_module, recipe.layers)])
    shared = recipe.initial.draw == "shared"
    load(recipe, network, shared_weights(recipe, seed) if shared else own_weights(recipe, seed))
    return network


def _module(layer: Layer) -> keras.layers.Layer:
    if isinstance(layer, Conv2d):
        return keras.layers.Conv2D(
            layer.filters, layer.kernel, strides=1, padding="valid", use_bias=True, activation=layer.activation
        )
    if isinstance(layer, MaxPool2d):
        return keras.layers.MaxPooling2D(layer.size, strides=layer.size, padding="valid")
    if isinstance(layer, Flatten):
        return keras.layers.Flatten()
    return keras.layers.Dense(layer.units, use_bias=True, activation=layer.activation)


def own_weights(recipe: Recipe, seed: int) -> Weights:
    """Draw the first weights from TensorFlow's own generator, on the CPU: the same whatever the device."""
    with tf.device("CPU:0"):
        generator, found = tf.random.Generator.from_seed(seed, alg="philox"), []
        for index, layer, shape in weighted(recipe):
            size = kernel_shape(layer, shape)
            for name, part, bound in zip(("kernel", "bias"), (size, size[-1:]), bounds(recipe.initial, layer, shape)):
                drawn = generator.uniform(part, -bound, bound)
                found.append((f"{index}.{name}", (drawn + 0).numpy()))  # U(±0) may be −0 without it
    return found


def load(recipe: Recipe, network: keras.Sequential, weights: Weights) -> None:
    """Put weights into the network."""
    arrays = dict(weights)
    for index, _layer, _shape in weighted(recipe):
        module = network.layers[index]
        module.kernel.assign(arrays[f"{index}.kernel"])
        module.bias.assign(arrays[f"{index}.bias"])


def neutral_weights(recipe: Recipe, network: keras.Sequential) -> Weights:
    """Read the weights as they are."""
    return neutral(recipe, [variable.numpy() for variable in network.trainable_variables])


def neutral(recipe: Recipe, arrays: Sequence[np.ndarray]) -> Weights:
    """Name one array a weight, its values or its gradients, as the recipe does."""
    found = []
    for (index, _, _), kernel, bias in zip(weighted(recipe), arrays[::2], arrays[1::2]):
        found += [(f"{index}.kernel", kernel), (f"{index}.bias", bias)]
    return found


def parameter_count(network: keras.Sequential) -> int:
    return network.count_params()
