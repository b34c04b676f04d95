"""The facts of a worker: what is read inside it, and the gate that its file passes on the host."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stream import facts
from shared import facts as shared
from shared.leftovers import FACTS
from tests.support.paths import planted

CPUINFO = "model name\t: A Made-up Processor\nflags\t\t: fpu sse4_2 avx avx2 hypervisor\n"
MAPS = """\
7f00-7f01 r-xp 00000000 08:01 11   /opt/venv/lib/python3.12/site-packages/torch/lib/libgomp.so.1
7f01-7f02 r-xp 00000000 08:01 12   /home/alice/lib/libscipy_openblas64_-ff651d7f.so
7f02-7f03 r-xp 00000000 08:01 13   /usr/lib/libjemalloc.so.2
7f03-7f04 rw-p 00000000 00:00 0    [heap]
"""


def test_what_cannot_be_read_is_left_out() -> None:
    questions = {"a": lambda: 1 / 0, "b": lambda: None, "c": lambda: "", "d": lambda: 0, "e": lambda: False}
    assert shared.readable(questions) == {"d": "0", "e": "off"}


def test_the_system_is_told_from_proc_and_sys(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": CPUINFO,
        "proc/self/maps": MAPS,
        "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/memory.max": "max\n",
        "proc/self/status": "Name:\tpython\nSeccomp:\t2\n",
    }
    found = shared.common(False, planted(tmp_path, files), {})
    expected = {
        "cpu_model": "A Made-up Processor",
        "cpu_instructions": "sse4_2 avx avx2",
        "library gomp": "libgomp.so.1",
        "library openblas": "libscipy_openblas64_-ff651d7f.so",
        "memory_allocator": "jemalloc",
        "nvidia_driver": "580.65.06",
        "distribution": "Debian GNU/Linux 12 (bookworm)",
        "transparent_hugepages": "madvise",
        "cpu_quota": "1.5 cores",
        "memory_limit": "none",
        "seccomp": "2",
    }
    assert {name: found.get(name) for name in expected} == expected


def test_a_bare_system_tells_less_and_nothing_is_guessed(tmp_path: Path) -> None:
    found = shared.common(False, tmp_path, {})
    assert not found.keys() & {"cpu_model", "cpu_instructions", "nvidia_driver", "memory_allocator", "cpu_quota"}
    assert all(found.values())


def test_installed_packages_have_their_normal_names() -> None:
    found = shared.packages()
    assert "package rich" in found
    assert all(name == name.lower() and "_" not in name for name in found)


SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "TF_TOKEN_app_terraform_io": "hunter2",
    "TF_VAR_database": "hunter2",
    "NVIDIA_API_KEY": "hunter2",
    "MKL_LICENSE_PASSWORD": "hunter2",
    "PATH": "/home/hunter2/bin",
    "HOSTNAME": "hunter2",
}


def test_no_secret_no_user_and_no_path_is_told(tmp_path: Path) -> None:
    paths = {"OMP_TOOL_LIBRARIES": "/home/hunter2/lib", "MALLOC_CONF": "prof_prefix:/home/hunter2/heap,narenas:2"}
    found = shared.common(True, tmp_path, {**SECRETS, **paths, "OMP_NUM_THREADS": "2"})
    assert "hunter2" not in json.dumps(found)
    told = {name: value for name, value in found.items() if name.startswith("variable ")}
    assert told == {"variable OMP_NUM_THREADS": "2", "variable MALLOC_CONF": "prof_prefix:<path>,narenas:2"}


def test_a_preloaded_library_is_told_by_its_file_name() -> None:
    assert shared.pathless("/usr/lib/libjemalloc.so.2:/opt/x/libgomp.so.1") == "libjemalloc.so.2:libgomp.so.1"


def test_a_gpus_variables_are_told_where_a_gpu_trains(tmp_path: Path) -> None:
    told = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    assert "variable CUBLAS_WORKSPACE_CONFIG" in shared.common(True, tmp_path, told)
    assert "variable CUBLAS_WORKSPACE_CONFIG" not in shared.common(False, tmp_path, told)


def test_what_a_worker_leaves_passes_the_gate_whatever_its_surroundings(tmp_path: Path) -> None:
    odd = {"variable OMP_A": os.fsdecode(b"\xff"), "variable OMP_B": "x" * 5000, "v" * 500: "1"}
    shared.write(tmp_path, {**shared.common(True), **odd})
    found = facts.read((tmp_path / FACTS).read_bytes())
    assert found["variable OMP_A"] == "?"
    assert found["variable OMP_B"] == "x" * shared.VALUE_LIMIT
    assert len(found) > 30


HOSTILE = {
    "nothing": b"",
    "no object": b"[]",
    "a number": b'{"threads": 2}',
    "a nested object": b'{"a": {"b": "c"}}',
    "a name twice": b'{"a": "1", "a": "2"}',
    "a name of nothing": b'{"": "1"}',
    "a long name": b'{"%s": "1"}' % (b"a" * 121),
    "a long value": b'{"a": "%s"}' % (b"a" * 1001),
    "a lone surrogate": b'{"a": "\\ud800"}',
    "no UTF-8": b'{"a": "\xff"}',
    "too much": b'{"a": "%s"}' % (b" " * facts.BYTES_LIMIT),
    "too many": json.dumps({str(number): "" for number in range(2001)}).encode(),
    "a deep nest": b'{"a":' + b"[" * 100_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_object_of_bounded_texts_is_refused(content: bytes) -> None:
    with pytest.raises(facts.FactsError):
        facts.read(content)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=120), st.text(max_size=50)))
def test_an_object_of_texts_comes_back_as_it_was(told: dict[str, str]) -> None:
    try:
        assert facts.read(json.dumps(told).encode()) == told
    except facts.FactsError:
        assert any("\ud800" <= letter <= "\udfff" for value in told.values() for letter in value)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_bring_out_another_exception(noise: bytes, at: int) -> None:
    whole = b'{"libc": "glibc 2.36", "kernel": "6.1", "package six": "1.17.0"}'
    for content in (noise, whole[:at] + noise + whole[at:]):
        try:
            facts.read(content)
        except facts.FactsError:
            continue
