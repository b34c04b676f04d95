"""Tries what the framework must do on a device; `shared.probe` names the steps and what they must find."""

import sys
from typing import Tuple

from shared.probe import FEATURES, FILTERS, IMAGES, KERNEL, ROWS, SIDE, UNITS, Operations, main

DEVICES = {"cpu": "CPU:0", "cuda": "GPU:0"}


def framework(device: str) -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if device == "cuda" and not gpus:
        raise RuntimeError(f"TensorFlow {tf.__version__} finds no GPU that it can use")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if device == "cuda" else "cpu"
    return f"{tf.__version__} on {name}"


def convolution(device: str) -> Tuple[float, float]:
    import tensorflow as tf

    with tf.device(DEVICES[device]), tf.GradientTape() as tape:
        kernel = tf.Variable(tf.ones((KERNEL, KERNEL, 1, FILTERS)))
        result = tf.nn.conv2d(tf.ones((IMAGES, SIDE, SIDE, 1)), kernel, strides=1, padding="VALID")
        total = tf.reduce_sum(result)
    return float(result[0, 0, 0, 0]), float(tape.gradient(total, kernel)[0, 0, 0, 0])


def product(device: str) -> Tuple[float, float]:
    import tensorflow as tf

    with tf.device(DEVICES[device]), tf.GradientTape() as tape:
        weights = tf.Variable(tf.ones((FEATURES, UNITS)))
        result = tf.ones((ROWS, FEATURES)) @ weights
        total = tf.reduce_sum(result)
    return float(result[0, 0]), float(tape.gradient(total, weights)[0, 0])


def compiled(device: str) -> float:
    """Compile with XLA, which on a GPU needs a libdevice and ptxas that know its generation."""
    import tensorflow as tf

    layer = tf.function(lambda images, weights: tf.nn.relu(images @ weights), jit_compile=True)
    with tf.device(DEVICES[device]):
        return float(layer(tf.ones((ROWS, FEATURES)), tf.ones((FEATURES, UNITS)))[0, 0])


if __name__ == "__main__":
    sys.exit(main(Operations(framework, convolution, product, compiled, compiling_mode="xla")))
