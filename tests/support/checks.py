"""Checks, engines and probes as they tell of themselves, for the tests of checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestrator.engines.check import Check, State
from orchestrator.engines.docker.inspection import Identity
from orchestrator.engines.docker.one_off import CommandResult
from orchestrator.host.gpus import Gpu

LOCAL = Identity(
    id="ABCD",
    product="Docker",
    version="20.10.24",
    api="1.41",
    place="local",
    root=Path("/var/lib/docker"),
    surroundings="Debian, kernel 6.1, cgroup v1",
    ahead_seconds=0.01,
)
H100 = Gpu("GPU-4f1a", "NVIDIA H100", "580.65", 80 * 2**30, 0)

HELD = {
    "user": 10001,
    "capabilities": 0,
    "no_new_privileges": 1,
    "root_writable": False,
    "tmp_writable": True,
    "shared_memory_bytes": 2**30,
    "free_bytes": 5 * 10**9,
    "network": False,
    "processes": 30,
}

IMPORTED = b'{"step": "framework", "ok": true, "needed": true, "seconds": 2.5, "found": "2.13.0 on cpu"}\n'
CONVOLVED = b'{"step": "convolution", "ok": true, "needed": true, "seconds": 0.5, "found": "9"}\n'
BROKEN = (
    b'{"step": "convolution", "ok": false, "needed": true, "seconds": 0.1, "found": "RuntimeError: no kernel image"}\n'
)
UNCOMPILED = b'{"step": "compile", "ok": false, "needed": false, "seconds": 4, "found": "no compiler"}\n'


def check(state: State, name: str = "a", found: str = "found", fix: str = "") -> Check:
    return Check(id=name, title="title", state=state, found=found, why="why", fix=fix)


def ended(first: Mapping[str, object], memory: str | None = "killed", *, oom_killed: bool = True) -> CommandResult:
    lines = [json.dumps(first), *([json.dumps({"memory": memory})] if memory else [])]
    return CommandResult(0 if memory else 137, oom_killed, "\n".join(lines).encode())
