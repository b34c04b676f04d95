"""Every default in which the frameworks disagree, set before the first operation and read back.

What `modes` tells is read from TensorFlow where TensorFlow can tell it, never from the request;
oneDNN and cuDNN's autotuner listen to environment variables alone (`worker.ENVIRONMENT`).
"""

import os
import platform
import resource
from importlib import metadata
from typing import Dict, Tuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

from shared.trial import Trial


def settle(trial: Trial) -> str:
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


def _device(trial: Trial) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if trial.device == "cuda" and not gpus:
        raise RuntimeError(f"the trial asks for a GPU and TensorFlow {tf.__version__} finds none that it can use")
    tf.config.set_visible_devices(gpus[:1] if trial.device == "cuda" else [], "GPU")
    for gpu in tf.config.get_visible_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    return "GPU:0" if trial.device == "cuda" else "CPU:0"


def device_name(device: str) -> str:
    if device == "CPU:0":
        return "cpu"
    (gpu,) = tf.config.get_visible_devices("GPU")
    return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")


def versions(device: str) -> Dict[str, str]:
    found = {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": metadata.version("keras"),
        "numpy": np.__version__,
        "pyarrow": metadata.version("pyarrow"),
    }
    if device != "CPU:0":
        found["cuda"] = _installed("nvidia-cuda-runtime-cu12", "cuda_version")
        found["cudnn"] = _installed("nvidia-cudnn-cu12", "cudnn_version")
    return found


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
        "tf32_matmul": _on_off(tf.config.experimental.tensor_float_32_execution_enabled()),
        "tf32_convolution": _on_off(tf.config.experimental.tensor_float_32_execution_enabled()),
        "layout": "NHWC",
        "threads_intra_op": str(tf.config.threading.get_intra_op_parallelism_threads()),
        "threads_inter_op": str(tf.config.threading.get_inter_op_parallelism_threads()),
        "onednn": _on_off(os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1"),
        "deterministic": _on_off("deterministic" in trial.modes),
        "cudnn_autotune": _on_off(os.environ.get("TF_CUDNN_USE_AUTOTUNE") != "0"),
        "gpu_memory": "grows",
        "data": "resident",
    }


def peak_memory(device: str) -> Tuple[int, str]:
    """Return bytes and what they count; only the kind "allocator" compares frameworks' GPU memory."""
    if device != "CPU:0":
        return tf.config.experimental.get_memory_info(device)["peak"], "allocator"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "resident"  # Linux counts in KiB


def _on_off(value: bool) -> str:
    return "on" if value else "off"
