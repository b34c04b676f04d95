"""Tries what TensorFlow must do on a device: a convolution and a matrix product with gradients, a compiled layer.

`python -m images.tf.probe cpu|cuda [MODE...]`; reads beside `images/torch/probe.py`.
"""

import sys
from typing import List

from shared.probe import Step, agree, asked, tell


def main() -> int:
    device, modes = asked()
    return tell(steps(device, modes))


def steps(device: str, modes: List[str]) -> List[Step]:
    return [
        Step("framework", True, lambda: framework(device)),
        Step("convolution", True, lambda: convolution(device)),
        Step("product", True, lambda: product(device)),
        Step("compile", "xla" in modes, lambda: compiled(device)),
    ]


def framework(device: str) -> str:
    """Import it; RuntimeError where it finds no GPU that it can use."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if device == "cuda" and not gpus:
        raise RuntimeError(f"TensorFlow {tf.__version__} finds no GPU that it can use")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU") if device == "cuda" else "cpu"
    return f"{tf.__version__} on {name}"


def convolution(device: str) -> str:
    """Convolve ones with ones: 9 at every place; the kernel's gradient counts the places."""
    import tensorflow as tf

    with tf.device(_place(device)), tf.GradientTape() as tape:
        kernel = tf.Variable(tf.ones((3, 3, 1, 32)))
        result = tf.nn.conv2d(tf.ones((8, 28, 28, 1)), kernel, strides=1, padding="VALID")
        total = tf.reduce_sum(result)
    agree(float(tape.gradient(total, kernel)[0, 0, 0, 0]), 8 * 26 * 26)
    return agree(float(result[0, 0, 0, 0]), 9)


def product(device: str) -> str:
    """Multiply ones with ones: 1024 at every place; the weights' gradient counts the rows."""
    import tensorflow as tf

    with tf.device(_place(device)), tf.GradientTape() as tape:
        weights = tf.Variable(tf.ones((1024, 10)))
        result = tf.ones((64, 1024)) @ weights
        total = tf.reduce_sum(result)
    agree(float(tape.gradient(total, weights)[0, 0]), 64)
    return agree(float(result[0, 0]), 1024)


def compiled(device: str) -> str:
    """Compile a dense layer with XLA, which on a GPU needs a libdevice and ptxas that know its generation."""
    import tensorflow as tf

    layer = tf.function(lambda images, weights: tf.nn.relu(images @ weights), jit_compile=True)
    with tf.device(_place(device)):
        result = layer(tf.ones((64, 1024)), tf.ones((1024, 10)))
    return agree(float(result[0, 0]), 1024)


def _place(device: str) -> str:
    return "GPU:0" if device == "cuda" else "CPU:0"


if __name__ == "__main__":
    sys.exit(main())
