"""What explains a number besides the framework's version and modes, for facts.json.

`comparable` and `gpu` answer the same questions under every framework; `flags` means something to this one alone.
"""

import re
from typing import Callable, Dict

import torch

from shared import facts as shared
from shared.backend import Device
from shared.trial import Trial

VARIABLES = ("PYTORCH_", "TORCH_", "TORCHINDUCTOR_", "ATEN_")


def read(trial: Trial, device: Device) -> Dict[str, str]:
    """Read files and ask the framework: slow, so never within a phase or an epoch."""
    on_gpu = trial.device == "cuda"
    questions = {**comparable(device), **(gpu() if on_gpu else {}), **flags()}
    return shared.read(on_gpu, VARIABLES, questions)


def comparable(device: Device) -> Dict[str, Callable[[], object]]:
    return {
        "framework_build": lambda: torch.version.git_version,
        "framework_compiler": lambda: re.findall(r"built with:\s+- (.+)", _build())[0],
        "cxx11_abi": lambda: torch.compiled_with_cxx11_abi(),
        "blas": lambda: _built(r"\bBLAS_INFO=(\w+)") + _of_mkl(),
        "lapack": lambda: _built(r"\bLAPACK_INFO=(\w+)"),
        "thread_pool": lambda: re.findall(r"parallel backend: (.+)", torch.__config__.parallel_info())[0],
        "default_float": lambda: str(torch.get_default_dtype()).replace("torch.", ""),
        "denormals": lambda: "kept" if (torch.tensor(2e-39, device=device) * 0.5).item() else "flushed to zero",
    }


def gpu() -> Dict[str, Callable[[], object]]:
    return {
        "cuda_build": lambda: torch.version.cuda,
        "compute_capability": lambda: "{}.{}".format(*torch.cuda.get_device_capability()),
        "gpu_architectures": lambda: " ".join(torch.cuda.get_arch_list()),
        "gpu_allocator": lambda: torch.cuda.get_allocator_backend(),
    }


def flags() -> Dict[str, Callable[[], object]]:
    return {
        "build_type": lambda: _built(r"BUILD_TYPE=(\w+)"),
        "onednn_version": lambda: _built(r"(?:MKL-DNN|oneDNN) v(\S+)"),
        "openmp_version": lambda: _built(r"OpenMP \d+ \(a\.k\.a\. OpenMP (\S+)\)"),
        "cpu_capability": lambda: torch.backends.cpu.get_cpu_capability(),
        "flag matmul_precision": lambda: torch.get_float32_matmul_precision(),
        "flag cudnn": lambda: torch.backends.cudnn.enabled,
        "flag cudnn_deterministic": lambda: torch.backends.cudnn.deterministic,
        "flag nnpack": lambda: torch.backends.nnpack.is_available(),
        "flag float16_reduced_precision": lambda: torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction,
        "flag bfloat16_reduced_precision": lambda: torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
        "flag fill_uninitialized_memory": lambda: torch.utils.deterministic.fill_uninitialized_memory,
        "flag autocast": lambda: torch.is_autocast_enabled(),
        "flag anomaly_detection": lambda: torch.is_anomaly_enabled(),
        "flag gradients": lambda: torch.is_grad_enabled(),
    }


def _build() -> str:
    return torch.__config__.show()


def _built(pattern: str) -> str:
    """Return what the build's description says; IndexError where it says nothing."""
    return re.findall(pattern, _build())[0]


def _of_mkl() -> str:
    """Return MKL's version after a blank, "" where PyTorch was built with another library."""
    return "".join(re.findall(r"Math Kernel Library Version( [^\s-]+)", _build())[:1])
