"""A recipe's layers as a Keras network, its first weights, and those weights in the recipe's own layout.

Images arrive as (n, height, width, 1) float32 and leave as (n, classes) logits. TensorFlow
computes in height, width, channels, as the recipe speaks, so no weight is re-ordered here.
Works with Keras 2 (TensorFlow 2.15) and Keras 3. No training here.
"""

from typing import List, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared.initial import bounds, weighted
from shared.recipe import Conv2d, Flatten, Layer, MaxPool2d, Recipe, shapes


def build(recipe: Recipe, seed: int, device: str) -> keras.Sequential:
    """Return the network on the device, its weights drawn on the CPU from TensorFlow's own generator.

    The layer of index i is `layers[i]`, its activation included.
    """
    with tf.device(device):
        network = keras.Sequential([keras.Input(shapes(recipe)[0]), *map(_module, recipe.layers)])
    with tf.device("CPU:0"):  # the same draws whatever the device
        generator = tf.random.Generator.from_seed(seed, alg="philox")
        for index, layer, shape in weighted(recipe):
            kernel, bias = bounds(recipe.initial, layer, shape)
            module = network.layers[index]
            module.kernel.assign(generator.uniform(module.kernel.shape, -kernel, kernel))
            module.bias.assign(generator.uniform(module.bias.shape, -bias, bias))
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


def neutral_weights(recipe: Recipe, network: keras.Sequential) -> List[Tuple[str, np.ndarray]]:
    """Return ("0.kernel", float32 array), ("0.bias", …) by layer index, in no framework's layout.

    Kernels of convolutions are (height, width, in, out), of dense layers (in, out), the
    inputs of a dense layer after a flatten in the order height, width, channels.
    """
    found = []
    for index, _layer, _shape in weighted(recipe):
        module = network.layers[index]
        kernel, bias = (np.array(variable) for variable in (module.kernel, module.bias))
        found += [(f"{index}.kernel", kernel), (f"{index}.bias", bias)]
    return found


def parameter_count(network: keras.Sequential) -> int:
    return network.count_params()
