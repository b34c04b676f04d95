"""How much a fact matters when two contenders differ in it: a table, for the order of a report. Pure.

The ranks are judgements, not measurements. They rest on what the frameworks' own documentation says of a setting:
whether it changes the arithmetic, the parallelism or the hardware (first), or touches them from afar (second).
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase


class Weight(StrEnum):
    """Heaviest first, in the words of the report."""

    FIRST = "changes results or speed"
    SECOND = "may change speed"
    THIRD = "rarely matters"


def weigh(name: str, *, gpu: bool = True) -> Weight:
    """Return a fact's weight; one that nobody foresaw may change speed. `gpu` says whether a GPU trained."""
    if not gpu and any(fnmatchcase(name, each) for each in _OF_A_GPU):
        return Weight.THIRD
    ranks = (weight for weight, patterns in _RANKS if any(fnmatchcase(name, each) for each in patterns))
    return next(ranks, Weight.SECOND)


_FIRST = (
    # the arithmetic
    *("precision", "default_float", "denormals", "deterministic", "execution", "compiler", "layout"),
    *("keras", "keras_epsilon", "keras_data_format", "flag jit", "flag *deterministic*"),
    *("flag matmul_precision", "flag autocast", "flag run_functions_eagerly", "flag TF_XLA_FLAGS", "flag XLA_FLAGS"),
    # who does it
    *("blas", "onednn*", "cpu_capability", "cpu_instructions", "cpu_model", "architecture"),
    *("flag TF_ENABLE_ONEDNN_OPTS", "library openblas", "library mkl_*", "package mkl", "package intel-openmp"),
    # how many at once
    *("threads*", "thread_pool", "cpu_affinity", "cpu_quota", "library *omp*", "variable *_NUM_THREADS"),
    # where, and what is fed to it
    *("device", "data", "memory_allocator", "variable NVIDIA_TF32_OVERRIDE", "variable CUDA_LAUNCH_BLOCKING"),
)

_OF_A_GPU = (
    *("cuda*", "cudnn*", "compute_capability", "nvidia_driver", "gpu_*", "tf32_*", "flag *reduced_precision"),
    *("package nvidia-*", "library cu*", "library nccl", "library nvrtc", "flag *CUDNN*", "flag *GPU*"),
)
"""First where a GPU trained, and without effect where none did: a CUDA build runs on a CPU too."""

_SECOND = ("package triton*", "package *triton", "package ml-dtypes", "package jax*", "package torchvision")

_THIRD = (
    *("package *", "pyarrow", "python_build", "python_dev_mode", "python_hash_randomization", "text_encoding"),
    *("distribution", "lapack", "limit_*", "clock", "build_type", "cxx11_abi", "variable PYTHONHASHSEED"),
    *("variable NVIDIA_VISIBLE_DEVICES", "variable CUDA_CACHE_*"),
)

_RANKS = ((Weight.FIRST, (*_FIRST, *_OF_A_GPU)), (Weight.SECOND, _SECOND), (Weight.THIRD, _THIRD))
"""The first table that has a name decides."""
