"""Every default in which the frameworks disagree, set before the first operation and read back.

What `modes` says is read from the framework where it can tell it, never from the request.
"""

import os
import platform
from importlib import metadata
from typing import Dict

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared.backend import Device
from shared.facts import as_text
from shared.trial import Trial


def configure(trial: Trial) -> Device:
    """Apply the settings of a trial and return its device; RuntimeError where the device is absent."""
    tf.config.threading.set_intra_op_parallelism_threads(trial.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.backend.set_floatx(trial.precision)  # the user's ~/.keras/keras.json may say otherwise
    keras.backend.set_image_data_format("channels_last")
    keras.mixed_precision.set_global_policy(trial.precision)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    tf.config.optimizer.set_jit(False)  # XLA only by the mode, for the functions that name it
    tf.config.run_functions_eagerly(False)
    if "deterministic" in trial.modes:
        tf.config.experimental.enable_op_determinism()
    return _device(trial)


def _device(trial: Trial) -> Device:
    gpus = tf.config.list_physical_devices("GPU")
    if trial.device == "cuda" and not gpus:
        raise RuntimeError(f"the trial asks for a GPU and TensorFlow {tf.__version__} finds none that it can use")
    tf.config.set_visible_devices(gpus[:1] if trial.device == "cuda" else [], "GPU")
    for gpu in tf.config.get_visible_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    return "GPU:0" if trial.device == "cuda" else "CPU:0"


def gpu_name() -> str:
    (gpu,) = tf.config.get_visible_devices("GPU")
    return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")


def gpu_peak_bytes() -> int:
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def versions(trial: Trial) -> Dict[str, str]:
    versions = {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": metadata.version("keras"),
        "numpy": np.__version__,
        "pyarrow": metadata.version("pyarrow"),
    }
    if trial.device == "cuda":
        versions["cuda"] = _installed("nvidia-cuda-runtime-cu12", "cuda_version")
        versions["cudnn"] = _installed("nvidia-cudnn-cu12", "cudnn_version")
    return versions


def _installed(package: str, built: str) -> str:
    """Return the version of the library beside TensorFlow, else the one that it was built with."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return str(tf.sysconfig.get_build_info().get(built, "unknown"))


def modes(trial: Trial) -> Dict[str, str]:
    return {
        "execution": "eager" if tf.config.functions_run_eagerly() else "graph",
        "compiler": "XLA" if "xla" in trial.modes else "none",
        "precision": keras.mixed_precision.global_policy().name,
        "tf32_matmul": as_text(tf.config.experimental.tensor_float_32_execution_enabled()),
        "tf32_convolution": as_text(tf.config.experimental.tensor_float_32_execution_enabled()),
        "layout": "NHWC",
        "threads_intra_op": str(tf.config.threading.get_intra_op_parallelism_threads()),
        "threads_inter_op": str(tf.config.threading.get_inter_op_parallelism_threads()),
        "onednn": as_text(os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1"),  # listens to its variable alone
        "deterministic": as_text("deterministic" in trial.modes),
        "cudnn_autotune": as_text(os.environ.get("TF_CUDNN_USE_AUTOTUNE") != "0"),  # likewise
        "gpu_memory": "grows",
        "data": "resident",
    }
