"""In which parts of its stack each framework's versions differ: what a comparison of versions compares. Pure.

An upgrade seldom changes the framework alone. Facts come from inside each worker, as `confounders` has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.values import Value

PARTS: Mapping[str, tuple[str, ...]] = {
    "framework": ("framework_version",),
    "Keras": ("keras",),
    "CUDA": ("cuda", "cuda_build"),
    "cuDNN": ("cudnn", "cudnn_build"),
    "NCCL": ("library nccl", "package nvidia-nccl-cu13", "package nvidia-nccl-cu12"),
    "Triton": ("package triton",),
    "BLAS": ("blas",),
    "oneDNN": ("onednn_version",),
    "OpenMP": ("openmp_version",),
    "NumPy": ("numpy",),
    "Python": ("python",),
    "C library": ("libc",),
    "base image": ("base image",),
    "packages": ("requirements",),
}
"""A part of the stack → the facts that tell it; the first that a worker has counts."""


class StackPart(Value):
    """One part, and its version in each contender, "" where a contender has none."""

    name: str
    versions: tuple[str, ...]


class StackDifference(Value):
    """Several contenders of one framework."""

    framework: str
    contenders: tuple[str, ...]
    differing: tuple[StackPart, ...]
    same: tuple[str, ...]  # names of the parts that are the same in all


def stack_differences(workers: Mapping[str, Mapping[str, str]]) -> tuple[StackDifference, ...]:
    """Compare the stacks of contenders of one framework; `workers` has each contender's facts."""
    groups: dict[str, list[str]] = {}
    for contender, facts in workers.items():
        if framework := facts.get("framework"):
            groups.setdefault(framework, []).append(contender)
    return tuple(_difference(name, group, workers) for name, group in groups.items() if len(group) > 1)


def _difference(framework: str, contenders: Sequence[str], workers: Mapping[str, Mapping[str, str]]) -> StackDifference:
    told = [
        StackPart(name=name, versions=tuple(_version(workers[contender], facts) for contender in contenders))
        for name, facts in PARTS.items()
    ]
    parts = [part for part in told if any(part.versions)]
    return StackDifference(
        framework=framework,
        contenders=tuple(contenders),
        differing=tuple(part for part in parts if len(set(part.versions)) > 1),
        same=tuple(part.name for part in parts if len(set(part.versions)) == 1),
    )


def _version(facts: Mapping[str, str], names: Sequence[str]) -> str:
    return next((facts[name] for name in names if facts.get(name)), "")
