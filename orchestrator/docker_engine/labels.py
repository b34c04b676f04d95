"""What an image says of itself: OCI's annotations as labels, and our own. Given to the last layer alone.

The time and the commit change with every build; in a layer of their own they keep no cache from holding, and the hash
of the content, which names the image, knows nothing of them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime

from orchestrator import locks
from orchestrator.contenders import ROOT, Contender
from orchestrator.docker_engine.base import Base
from orchestrator.docker_engine.owned import CONTENDER, CONTENT, LOCK

_OCI = "org.opencontainers.image."
_BASE_ID = "bakeoff.base.id"


def labels(contender: Contender, content_hash: str, base: Base, lock: str) -> dict[str, str]:
    """Return the labels of an image just built; `lock` is the lock's file name, "" where none covered it."""
    found = {
        CONTENDER: contender.written,
        CONTENT: content_hash,
        LOCK: lock or "false",
        f"{_OCI}created": datetime.now(UTC).isoformat(timespec="seconds"),
        f"{_OCI}revision": revision(),
        f"{_OCI}base.name": base.name,
        f"{_OCI}base.digest": base.digest,
        _BASE_ID: base.id,
    }
    return {name: value for name, value in found.items() if value}


def told(found: Mapping[str, str]) -> dict[str, str]:
    """Return what labels say about how an image was made, for the report."""
    lock = found.get(LOCK, "false")
    base = Base(found.get(f"{_OCI}base.name", "unknown"), found.get(_BASE_ID, ""), found.get(f"{_OCI}base.digest", ""))
    return {"requirements": locks.NOT_LOCKED if lock == "false" else locks.LOCKED, "base image": base.told}


def revision() -> str:
    """Return the commit of this checkout, "" where there is none; "-dirty" where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
