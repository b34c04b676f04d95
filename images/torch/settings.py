"""Every default in which the frameworks disagree, set before the first operation and read back.

What `modes` tells is read from PyTorch where PyTorch can tell it, never from the request.
"""

import platform
import resource
from importlib import metadata
from typing import Dict, Tuple

import numpy as np
import torch

from shared.trial import Trial


def settle(trial: Trial) -> torch.device:
    """Apply the settings of a trial and return its device; RuntimeError where the device is absent."""
    torch.set_num_threads(trial.threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)  # TensorFlow always does; facts.py reads back what came of it
    torch.set_default_dtype(getattr(torch, trial.precision))
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = "deterministic" in trial.modes
    torch.use_deterministic_algorithms("deterministic" in trial.modes)
    if trial.device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"the trial asks for a GPU and PyTorch {torch.__version__} finds none that it can use")
    return torch.device(trial.device)


def device_name(device: torch.device) -> str:
    return "cpu" if device.type == "cpu" else torch.cuda.get_device_name(device)


def versions(device: torch.device) -> Dict[str, str]:
    found = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pyarrow": metadata.version("pyarrow"),
    }
    if device.type == "cuda":
        found["cuda"], found["cudnn"] = str(torch.version.cuda), str(torch.backends.cudnn.version())
    return found


def modes(trial: Trial) -> Dict[str, str]:  # noqa: ARG001 - as images/tf has it
    return {
        "execution": "eager",
        "compiler": "none",
        "precision": str(torch.get_default_dtype()).replace("torch.", ""),
        "tf32_matmul": _on_off(torch.get_float32_matmul_precision() != "highest"),
        "tf32_convolution": _on_off(torch.backends.cudnn.allow_tf32),
        "layout": "NCHW",
        "threads_intra_op": str(torch.get_num_threads()),
        "threads_inter_op": str(torch.get_num_interop_threads()),
        "onednn": _on_off(torch.backends.mkldnn.is_available()),
        "deterministic": _on_off(torch.are_deterministic_algorithms_enabled()),
        "cudnn_autotune": _on_off(torch.backends.cudnn.benchmark),
        "gpu_memory": "grows",  # PyTorch's allocator never takes a GPU whole
        "data": "resident",
    }


def peak_memory(device: torch.device) -> Tuple[int, str]:
    """Return bytes and what they count; only the kind "allocator" compares frameworks' GPU memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device), "allocator"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "resident"  # Linux counts in KiB


def _on_off(value: bool) -> str:
    return "on" if value else "off"
