"""Remembers checks that passed: one file a question, in the user's cache.

A check that failed is not kept, so that it is made again: what failed may have been mended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from orchestrator.engines.check import Check, State

DAY_SECONDS = 24 * 3600.0

_CHECKS = TypeAdapter(list[Check])


class CheckCache:
    """Remembers checks by what their answer depends on."""

    @classmethod
    def beside(cls, data: Path, *, read: bool = True) -> Self:
        """Return the user's cache of checks, which lies beside the data set."""
        return cls(data.parent / "doctor", read=read)

    def __init__(self, folder: Path, *, read: bool = True) -> None:
        self._folder = folder
        self._read = read  # False: keeps what it is given, and recalls nothing

    def recall(self, question: Sequence[str], younger_than_seconds: float | None = None) -> list[Check] | None:
        """Return the checks of a question; None where they were never good, or are older."""
        path = self._path(question)
        if not self._read:
            return None
        try:
            age_seconds = time.time() - path.stat().st_mtime
            if younger_than_seconds is not None and not 0 <= age_seconds < younger_than_seconds:
                return None
            return _CHECKS.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def keep(self, question: Sequence[str], checks: list[Check]) -> None:
        """Write good answers down; a cache that cannot be written costs a probe and nothing else."""
        if any(check.state not in (State.OK, State.SKIPPED) for check in checks):
            return
        path = self._path(question)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(".part")
            aside.write_bytes(_CHECKS.dump_json(checks))
            aside.replace(path)

    def _path(self, question: Sequence[str]) -> Path:
        digest = hashlib.sha256(json.dumps(list(question)).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"
