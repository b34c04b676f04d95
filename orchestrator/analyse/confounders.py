"""What differs between contenders besides what is compared: facts read inside each worker, side by side. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from orchestrator.analyse.summary import Summary
from orchestrator.record.record import Record


class Relevance(StrEnum):
    """How much a difference in a fact matters, most first, in the words of the report."""

    CHANGES_RESULTS = "changes results or speed"
    MAY_AFFECT_SPEED = "may change speed"
    MINOR = "rarely matters"


def relevance(name: str, *, gpu: bool = True) -> Relevance:
    """Return a fact's relevance; an unknown fact may change speed. `gpu` says whether a GPU trained."""
    if not gpu and _matches(name, _OF_A_GPU):
        return Relevance.MINOR
    matching = (relevance for relevance, patterns in _PATTERNS if _matches(name, patterns))
    return next(matching, Relevance.MAY_AFFECT_SPEED)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


_CHANGES_RESULTS = (
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
"""Changes results where a GPU trained, and nothing where none did: a CUDA build runs on a CPU too."""

_MAY_AFFECT_SPEED = ("package triton*", "package *triton", "package ml-dtypes", "package jax*", "package torchvision")

_MINOR = (
    *("package *", "pyarrow", "python_build", "python_dev_mode", "python_hash_randomization", "text_encoding"),
    *("distribution", "lapack", "limit_*", "clock", "build_type", "cxx11_abi", "variable PYTHONHASHSEED"),
    *("variable NVIDIA_VISIBLE_DEVICES", "variable CUDA_CACHE_*"),
)

_PATTERNS = (
    (Relevance.CHANGES_RESULTS, (*_CHANGES_RESULTS, *_OF_A_GPU)),
    (Relevance.MAY_AFFECT_SPEED, _MAY_AFFECT_SPEED),
    (Relevance.MINOR, _MINOR),
)
"""The first row that matches a name decides."""

_COMPARED = ("framework", "framework_version", "framework_build", "image")
_NAMED = 6
_ABSENT_MATTERS = ("variable ", "package nvidia-")
"""To have none of these is a setting too: a variable of the system, a library of the GPU."""


@dataclass(frozen=True)
class Fact:
    """One fact and its value in each contender, "" where a contender has none."""

    name: str
    values: tuple[str, ...]
    relevance: Relevance = Relevance.MAY_AFFECT_SPEED

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class Confounders:
    """The facts of a comparison, sorted by whether they differ. A fact's values are in the order of `contenders`."""

    contenders: tuple[str, ...]  # whose workers sent any facts
    differing: tuple[Fact, ...]  # besides what is compared, the most relevant first, then by name
    compared: tuple[Fact, ...]  # the framework itself, and what only one framework has
    same: tuple[Fact, ...]

    @property
    def changing_results(self) -> tuple[Fact, ...]:
        """Return the differences that change results or speed."""
        return tuple(fact for fact in self.differing if fact.relevance is Relevance.CHANGES_RESULTS)

    @property
    def names(self) -> str:
        """Name the differences that change results or speed; of many, the first six and a count."""
        facts = self.changing_results
        more = len(facts) - _NAMED
        return ", ".join(fact.name for fact in facts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def worker_facts(record: Record) -> dict[str, str]:
    """Return one worker's facts by name; what `versions` and `modes` have is left out of the packages."""
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


def facts_by_contender(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """Collect each contender's facts; a fact that its trials do not agree on is "this or that"."""
    values: dict[str, dict[str, dict[str, None]]] = {}
    for record in records:
        for name, value in worker_facts(record).items():
            values.setdefault(record.contender, {}).setdefault(name, {})[value] = None
    return {
        contender: {name: " or ".join(values) for name, values in facts.items()} for contender, facts in values.items()
    }


def confounders_of(summary: Summary) -> Confounders:
    """Find what differs between a summary's contenders."""
    contenders = dict.fromkeys(cell.contender for cell in summary.comparison.cells)
    return find_confounders(summary.environment.workers, list(contenders))


def find_confounders(workers: Mapping[str, Mapping[str, str]], contenders: Sequence[str]) -> Confounders:
    """Lay the facts of these contenders side by side; `workers` holds each contender's facts by name."""
    present = tuple(contender for contender in contenders if workers.get(contender))
    names = sorted({name for contender in present for name in workers[contender]})
    gpu = any(workers[contender].get("device") != "cpu" for contender in present)
    facts = [
        Fact(name, tuple(workers[contender].get(name, "") for contender in present), relevance(name, gpu=gpu))
        for name in names
    ]
    rows = {fact.name: fact.values for fact in facts}
    compared = {fact.name for fact in facts if fact.name in _COMPARED or (fact.differs and _is_frameworks(fact, rows))}
    differing = [fact for fact in facts if fact.differs and fact.name not in compared]
    return Confounders(
        contenders=present,
        differing=tuple(sorted(differing, key=lambda fact: list(Relevance).index(fact.relevance))),
        compared=tuple(fact for fact in facts if fact.name in compared),
        same=tuple(fact for fact in facts if not fact.differs and fact.name not in compared),
    )


def _is_frameworks(fact: Fact, rows: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a fact is the framework's version under another name, or something that only one framework has."""
    frameworks, versions = (rows.get(name, ("",) * len(fact.values)) for name in _COMPARED[:2])
    is_version = all(value in ("", version) for value, version in zip(fact.values, versions, strict=True))
    if is_version and not fact.name.startswith("package "):  # whose version may be the same by chance
        return True
    having = {framework for framework, value in zip(frameworks, fact.values, strict=True) if value}
    own = {value for framework, value in zip(frameworks, fact.values, strict=True) if framework in having}
    return len(having) == len(own) == 1 and not fact.name.startswith(_ABSENT_MATTERS)
