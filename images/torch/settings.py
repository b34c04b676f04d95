"""Every default in which the frameworks disagree, set before the first operation and read back.

What `modes` says is read from the framework where it can tell it, never from the request.
"""

import platform
from importlib import metadata
from typing import Dict

import numpy as np
import torch

from shared.backend import Device
from shared.facts import as_text
from shared.trial import Trial


def configure(trial: Trial) -> Device:
    """Apply the settings of a trial and return its device; RuntimeError where the device is absent."""
    torch.set_num_threads(trial.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)  # TensorFlow always does; facts.py reads back what came of it
    torch.set_default_dtype(getattr(torch, trial.precision))
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = "cudnn-autotune" in trial.modes
    torch.backends.cudnn.deterministic = "deterministic" in trial.modes
    torch.use_deterministic_algorithms("deterministic" in trial.modes)
    if trial.device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"the trial asks for a GPU and PyTorch {torch.__version__} finds none that it can use")
    return torch.device(trial.device)


def gpu_name() -> str:
    return torch.cuda.get_device_name()


def gpu_peak_bytes() -> int:
    return torch.cuda.max_memory_allocated()


def versions(trial: Trial) -> Dict[str, str]:
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pyarrow": metadata.version("pyarrow"),
    }
    if trial.device == "cuda":
        versions["cuda"], versions["cudnn"] = str(torch.version.cuda), str(torch.backends.cudnn.version())
    return versions


def modes(_: Trial) -> Dict[str, str]:
    return {
        "execution": "eager",
        "compiler": "none",
        "precision": str(torch.get_default_dtype()).replace("torch.", ""),
        "tf32_matmul": as_text(torch.get_float32_matmul_precision() != "highest"),
        "tf32_convolution": as_text(torch.backends.cudnn.allow_tf32),
        "layout": "NCHW",
        "threads_intra_op": str(torch.get_num_threads()),
        "threads_inter_op": str(torch.get_num_interop_threads()),
        "onednn": as_text(torch.backends.mkldnn.is_available()),
        "deterministic": as_text(torch.are_deterministic_algorithms_enabled()),
        "cudnn_autotune": as_text(torch.backends.cudnn.benchmark),
        "gpu_memory": "grows",  # PyTorch's allocator never takes a GPU whole
        "data": "resident",
    }
