"""The facts of a worker that are read the same way under every framework, and the file they are left in.

A fact is a name and a text. One that cannot be read is left out, never guessed: reading is no part of a trial
and must not end it. Names of users, absolute paths and whatever might be a secret stay out, because a report is
meant to be shown around. `root` is the file system's root, so that tests bring their own /proc and /sys.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import platform
import re
import resource
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Callable, Dict, Mapping, Sequence, Set

from shared.cgroups import folders, quotas
from shared.leftovers import FACTS
from shared.procfs import field, read_text

NAME_LIMIT, VALUE_LIMIT = 120, 1000
"""Characters. The host refuses a file with longer ones whole, so they are cut here."""

VARIABLES = (
    *("BLIS_", "DNNL_", "GOMP_", "GOTO_", "KMP_", "LD_PRELOAD", "MALLOC_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_"),
    *("PYTHONHASHSEED", "PYTHONMALLOC", "PYTHONOPTIMIZE", "TCMALLOC_"),
)
"""Beginnings of the environment variables that are told under every framework; no other is ever read."""

GPU_VARIABLES = ("CUBLAS_", "CUDA_", "CUDNN_", "NCCL_", "NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES")
"""Told where a GPU trains: on the CPU they change nothing."""

LIBRARIES = (
    *("gomp", "iomp", "libomp", "openblas", "libblas", "mkl", "dnnl", "stdc++"),
    *("cudart", "cublas", "cudnn", "nccl", "nvrtc"),
)
"""Parts of the file names of libraries that do arithmetic or threads."""

_ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc")
_INSTRUCTIONS = (
    *("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "asimd", "sve", "sve2", "bf16", "i8mm"),
)
_SECRET = re.compile("TOKEN|SECRET|PASS|CREDENTIAL|AUTH|API|_KEY")  # a beginning may cover what nobody foresaw
_PATH = re.compile(r"(?<![\w.])/[^\s:;,=]*")
_NO_PATH = "<path>"


def write(out: Path, facts: Mapping[str, str]) -> None:
    """Leave the facts in the folder `out`, sorted, so that two files can be compared by eye."""
    cut = {_clean(name)[:NAME_LIMIT]: _clean(value)[:VALUE_LIMIT] for name, value in sorted(facts.items())}
    (out / FACTS).write_text(json.dumps(cut, indent=1) + "\n", encoding="ascii")


def readable(questions: Mapping[str, Callable[[], object]]) -> Dict[str, str]:
    """Ask each question and keep the answers that are not empty; versions differ in what they can tell."""
    answers = {}
    for name, ask in questions.items():
        try:
            answer = ask()
        except Exception:  # whatever a framework raises: a fact less is no reason to end a trial
            continue
        if answer not in (None, ""):
            answers[name] = as_text(answer)
    return answers


def read(gpu: bool, prefixes: Sequence[str], questions: Mapping[str, Callable[[], object]]) -> Dict[str, str]:
    """Read all facts of a worker: what is alike everywhere, its framework's variables and its framework's answers."""
    return {**common(gpu), **variables(prefixes, os.environ, "flag"), **readable(questions)}


def common(gpu: bool, root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> Dict[str, str]:
    """Read what needs no framework: Python, the system, limits, variables, loaded libraries, packages."""
    beginnings = (*VARIABLES, *(GPU_VARIABLES if gpu else ()))
    return {
        **readable(_python()),
        **readable(_system(root)),
        **readable(_limits(root)),
        **variables(beginnings, environment, "variable"),
        **libraries(_loaded(root)),
        **packages(),
    }


def variables(beginnings: Sequence[str], environment: Mapping[str, str], kind: str) -> Dict[str, str]:
    """Tell the variables that begin so as "<kind> NAME", without paths; what might be a secret is passed over."""
    chosen = {
        f"{kind} {name}": pathless(value)
        for name, value in environment.items()
        if name.startswith(tuple(beginnings)) and not _SECRET.search(name.upper())
    }
    return {name: value for name, value in chosen.items() if value != _NO_PATH}


def libraries(files: Set[str]) -> Dict[str, str]:
    """Name those of the loaded libraries that do arithmetic or threads, each by its files."""
    by_part = {part: sorted(file for file in files if file.startswith("lib") and part in file) for part in LIBRARIES}
    return {f"library {part}": ", ".join(names) for part, names in by_part.items() if names}


def packages() -> Dict[str, str]:
    """Tell every installed package as "package name" in the normal form of names (PEP 503)."""
    versions = {}
    for package in metadata.distributions():
        with contextlib.suppress(Exception):  # what is left of a package half removed tells no name or no version
            name = re.sub("[-_.]+", "-", package.metadata["Name"]).lower()
            versions[f"package {name}"] = str(package.version or "")
    return {name: version for name, version in versions.items() if version}


def pathless(text: str) -> str:
    """Take absolute paths out of a value; a library's file name stays, since it says what is loaded."""
    return _PATH.sub(lambda match: match[0].rpartition("/")[2] if ".so" in match[0] else _NO_PATH, text)


def _python() -> Dict[str, Callable[[], object]]:
    return {
        "python_implementation": platform.python_implementation,
        "python_build": lambda: " ".join(platform.python_build()),
        "python_compiler": platform.python_compiler,
        "python_optimize": lambda: sys.flags.optimize,
        "python_dev_mode": lambda: sys.flags.dev_mode,
        "python_gil": lambda: getattr(sys, "_is_gil_enabled", lambda: True)(),
        "python_hash_randomization": lambda: bool(sys.flags.hash_randomization),
        "python_switch_interval_seconds": sys.getswitchinterval,
        "python_gc": lambda: f"{gc.get_threshold()}" if gc.isenabled() else "off",
        "text_encoding": sys.getfilesystemencoding,
        "clock": lambda: time.get_clock_info("perf_counter").implementation,
    }


def _system(root: Path) -> Dict[str, Callable[[], object]]:
    cpuinfo = read_text(root / "proc/cpuinfo")
    return {
        "distribution": lambda: field(read_text(root / "etc/os-release"), "PRETTY_NAME", "=").strip('"'),
        "libc": lambda: " ".join(platform.libc_ver()),
        "kernel": platform.release,
        "architecture": platform.machine,
        "memory_allocator": lambda: _allocator(_loaded(root)),
        "page_bytes": resource.getpagesize,
        "cpu_model": lambda: field(cpuinfo, "model name"),
        "cpu_instructions": lambda: " ".join(
            each for each in _INSTRUCTIONS if each in (field(cpuinfo, "flags") or field(cpuinfo, "Features")).split()
        ),
        "cpu_count": os.cpu_count,
        "transparent_hugepages": lambda: re.findall(
            r"\[(\w+)\]", read_text(root / "sys/kernel/mm/transparent_hugepage/enabled")
        )[0],
        "nvidia_driver": lambda: re.findall(r"\s(\d+\.\d[\d.]*)\s", read_text(root / "proc/driver/nvidia/version"))[0],
    }


def _limits(root: Path) -> Dict[str, Callable[[], object]]:
    status, groups = read_text(root / "proc/self/status"), root / "sys/fs/cgroup"
    return {
        "cpu_affinity": lambda: len(os.sched_getaffinity(0)),
        "cpu_quota": lambda: _quota(root),
        "numa_nodes": lambda: field(status, "Mems_allowed_list"),
        "memory_limit": lambda: _group(groups, "memory.max", "memory/memory.limit_in_bytes"),
        "shared_memory_bytes": lambda: _space(root / "dev/shm"),
        "scheduler": lambda: os.sched_getscheduler(0),
        "nice": lambda: os.getpriority(os.PRIO_PROCESS, 0),
        "seccomp": lambda: field(status, "Seccomp"),
        "speculative_store_bypass": lambda: field(status, "Speculation_Store_Bypass"),
        "limit_stack": lambda: _limit(resource.RLIMIT_STACK),
        "limit_open_files": lambda: _limit(resource.RLIMIT_NOFILE),
        "limit_locked_memory": lambda: _limit(resource.RLIMIT_MEMLOCK),
    }


def _quota(root: Path) -> str:
    """Return the limit on CPU time that binds first, in cores; "none" where no control group sets one."""
    limits = quotas(root)
    if limits:
        return f"{min(limits):g} cores"
    return "none" if any(folder for kind in ("", "cpu") for folder in folders(root, kind)) else ""


def _group(groups: Path, second: str, first: str) -> str:
    """Return a control group's limit, of version 2 or else 1, in the kernel's words; "none" where it sets none."""
    text = read_text(groups / second).strip() or read_text(groups / first).strip()
    return "none" if text.startswith(("max", "-1")) else text


def _limit(kind: int) -> str:
    soft = resource.getrlimit(kind)[0]
    return "none" if soft == resource.RLIM_INFINITY else str(soft)


def _space(folder: Path) -> int:
    usage = os.statvfs(folder)
    return usage.f_blocks * usage.f_frsize


def _loaded(root: Path) -> Set[str]:
    """Return the file names of the libraries in our address space."""
    lines = read_text(root / "proc/self/maps").splitlines()
    return {line.split()[-1].rpartition("/")[2] for line in lines if ".so" in line}


def _allocator(files: Set[str]) -> str:
    """Name what answers malloc: a preloaded allocator takes it from the C library."""
    preloaded = [name for name in _ALLOCATORS if any(name in file for file in files)]
    return ", ".join(preloaded) or ("libc" if files else "")


def _clean(text: str) -> str:
    """Replace the surrogates that stand for undecodable bytes of the environment: JSON cannot say them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def as_text(answer: object) -> str:
    """Say True and False as "on" and "off", and anything else as Python does."""
    return "on" if answer is True else "off" if answer is False else str(answer)
