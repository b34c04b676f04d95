"""What explains a number besides the framework's version and modes, for facts.json.

`comparable` and `gpu` answer the same questions under every framework; `flags` means something to this one alone.
"""

import os
from typing import Any, Callable, Dict

import tensorflow as tf
from tensorflow import keras

from shared import facts as shared
from shared.backend import Device
from shared.trial import Trial

# No bare TF_: that is also where Terraform keeps its tokens.
VARIABLES = (
    *("TF_CPP_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_DISABLE_", "TF_ENABLE_", "TF_FORCE_", "TF_GPU_", "TF_NUM_"),
    *("TF_ONEDNN_", "TF_USE_", "TF_XLA_", "XLA_", "KERAS_"),
)


def read(trial: Trial, device: Device) -> Dict[str, str]:
    """Read files and ask the framework: slow, so never within a phase or an epoch."""
    on_gpu = trial.device == "cuda"
    questions = {**comparable(device), **(gpu() if on_gpu else {}), **flags()}
    return shared.read(on_gpu, VARIABLES, questions)


def comparable(device: Device) -> Dict[str, Callable[[], object]]:
    return {
        "framework_build": lambda: tf.version.GIT_VERSION,
        "framework_compiler": lambda: tf.version.COMPILER_VERSION,
        "cxx11_abi": lambda: bool(tf.sysconfig.CXX11_ABI_FLAG),
        "blas": lambda: "Eigen",  # no build of TensorFlow calls a BLAS on the CPU
        "lapack": lambda: "Eigen",
        "thread_pool": lambda: "Eigen",
        "default_float": lambda: keras.backend.floatx(),
        "denormals": lambda: "kept" if _halved(2e-39, device) else "flushed to zero",
    }


def gpu() -> Dict[str, Callable[[], object]]:
    return {
        "cuda_build": lambda: _build("cuda_version"),
        "compute_capability": lambda: "{}.{}".format(*_details()["compute_capability"]),
        "gpu_architectures": lambda: " ".join(_build("cuda_compute_capabilities")),
        "gpu_allocator": lambda: os.environ.get("TF_GPU_ALLOCATOR", "bfc"),
    }


def flags() -> Dict[str, Callable[[], object]]:
    return {
        "cudnn_build": lambda: _build("cudnn_version"),
        "keras_backend": lambda: keras.backend.backend(),
        "keras_epsilon": lambda: keras.backend.epsilon(),
        "keras_data_format": lambda: keras.backend.image_data_format(),
        "flag jit": lambda: tf.config.optimizer.get_jit() or "off",
        "flag graph_optimizer": lambda: _pairs(tf.config.optimizer.get_experimental_options()),
        "flag run_functions_eagerly": lambda: tf.config.functions_run_eagerly(),
        "flag soft_device_placement": lambda: tf.config.get_soft_device_placement(),
        "flag synchronous_execution": lambda: tf.config.experimental.get_synchronous_execution(),
        "flag device_policy": lambda: tf.config.experimental.get_device_policy(),
        "flag built_with_xla": lambda: tf.test.is_built_with_xla(),
        "flag built_with_cuda": lambda: tf.test.is_built_with_cuda(),
    }


def _build(name: str) -> Any:
    return tf.sysconfig.get_build_info()[name]


def _pairs(options: Dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(options.items())) or "defaults"


def _details() -> Dict[str, Any]:
    (visible,) = tf.config.get_visible_devices("GPU")
    return tf.config.experimental.get_device_details(visible)


def _halved(value: float, device: Device) -> float:
    with tf.device(device):
        return float(tf.constant(value) * 0.5)
