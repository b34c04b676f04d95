"""What differs between contenders besides what is compared: facts read inside each worker, side by side. Pure.

The facts travel in a summary's flat environment as "<contender>: <fact>", or once as "every worker: <fact>", so
that a reader of summary.json needs no other file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from orchestrator.record.record import Record


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


EVERY = "every worker"

_COMPARED = ("framework", "framework_version", "framework_build", "image")
_NAMED = 6
_ABSENT_MATTERS = ("variable ", "package nvidia-")
"""To have none of these is a setting too: a variable of the system, a library of the GPU."""


@dataclass(frozen=True)
class Fact:
    """One fact and its value in each contender, "" where a contender has none."""

    name: str
    values: tuple[str, ...]
    weight: Weight = Weight.SECOND

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class Ledger:
    """The facts of a comparison. `contenders` are those whose workers told any; a fact's values are in their order."""

    contenders: tuple[str, ...]
    differing: tuple[Fact, ...]  # besides what is compared, heaviest first, then by name
    compared: tuple[Fact, ...]  # the framework itself, and what only one framework has
    same: tuple[Fact, ...]
    host: Mapping[str, str]

    @property
    def heaviest(self) -> tuple[Fact, ...]:
        """Return the differences that change results or speed."""
        return tuple(fact for fact in self.differing if fact.weight is Weight.FIRST)

    @property
    def named(self) -> str:
        """Name the heaviest, of many only some: the table has them all."""
        names, more = [fact.name for fact in self.heaviest[:_NAMED]], len(self.heaviest) - _NAMED
        return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def told(record: Record) -> dict[str, str]:
    """Return what one worker told, by name; what `versions` and `modes` have is not told again as a package."""
    if record.framework is None:
        return {}
    first = {
        "framework": record.framework,
        "framework_version": record.framework_version,
        "image": record.image,
        "device": record.device,
        **record.versions,
        **record.modes,
    }
    more = {name: value for name, value in record.facts.items() if name.removeprefix("package ") not in first}
    return {name: value for name, value in {**first, **more}.items() if value}


def inside(records: Sequence[Record]) -> dict[str, str]:
    """Collect each contender's facts as "<contender>: <fact>"; trials that disagree give "this or that"."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in told(record).items():
            found.setdefault(f"{record.contender}: {name}", {})[value] = None
    return {key: " or ".join(values) for key, values in found.items()}


def folded(environment: Mapping[str, str], contenders: Sequence[str]) -> dict[str, str]:
    """Write once, as "every worker: <fact>", what several contenders tell alike."""
    book = ledger(environment, contenders)
    if len(book.contenders) < 2:
        return dict(environment)
    alike = {f"{contender}: {fact.name}" for fact in book.same for contender in book.contenders}
    apart = {key: value for key, value in environment.items() if key not in alike}
    return {**apart, **{f"{EVERY}: {fact.name}": fact.values[0] for fact in book.same}}


def ledger(environment: Mapping[str, str], contenders: Sequence[str]) -> Ledger:
    """Lay the contenders' facts side by side, from an environment as it is or folded."""
    keys = {key: _split(key, (EVERY, *contenders)) for key in environment}
    owners = {owner for owner, _ in keys.values()}
    telling = tuple(each for each in contenders if each in owners) or (tuple(contenders) if EVERY in owners else ())
    names = sorted({name for owner, name in keys.values() if owner})
    gpu = any(_value(environment, each, "device") != "cpu" for each in telling)
    facts = [
        Fact(name, tuple(_value(environment, each, name) for each in telling), weigh(name, gpu=gpu)) for name in names
    ]
    rows = {fact.name: fact.values for fact in facts}
    compared = {fact.name for fact in facts if fact.name in _COMPARED or (fact.differs and _is_frameworks(fact, rows))}
    differing = [fact for fact in facts if fact.differs and fact.name not in compared]
    return Ledger(
        contenders=telling,
        differing=tuple(sorted(differing, key=lambda fact: list(Weight).index(fact.weight))),
        compared=tuple(fact for fact in facts if fact.name in compared),
        same=tuple(fact for fact in facts if not fact.differs and fact.name not in compared),
        host={key: environment[key] for key, (owner, _) in keys.items() if not owner},
    )


def _is_frameworks(fact: Fact, rows: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a fact is the framework's version under another name, or something that only one framework has."""
    frameworks, versions = (rows.get(name, ("",) * len(fact.values)) for name in _COMPARED[:2])
    is_version = all(value in ("", version) for value, version in zip(fact.values, versions, strict=True))
    if is_version and not fact.name.startswith("package "):  # whose version may be the same by chance
        return True
    having = {framework for framework, value in zip(frameworks, fact.values, strict=True) if value}
    theirs = {value for framework, value in zip(frameworks, fact.values, strict=True) if framework in having}
    return len(having) == len(theirs) == 1 and not fact.name.startswith(_ABSENT_MATTERS)


def _value(environment: Mapping[str, str], contender: str, name: str) -> str:
    return environment.get(f"{contender}: {name}", environment.get(f"{EVERY}: {name}", ""))


def _split(key: str, owners: Sequence[str]) -> tuple[str, str]:
    """Return whose fact a key tells, and which; "" for the host's."""
    owner = next((each for each in owners if key.startswith(f"{each}: ")), "")
    return owner, key.removeprefix(f"{owner}: ") if owner else key
