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

    def unread(self) -> CheckCache:
        """Return the same cache for who asks anew: it keeps what it is given, and recalls nothing."""
        return CheckCache(self._folder, read=False)

    def __init__(self, folder: Path, *, read: bool = True) -> None:
        self._folder = folder
        self._read = read

    def recall(self, question: Sequence[str], younger_than_seconds: float | None = None) -> list[Check] | None:
        """Return the checks of a question; None where they were never good, or are older."""
        text = self.recall_text(question, younger_than_seconds)
        try:
            return None if text is None else _CHECKS.validate_json(text)
        except ValidationError:
            return None

    def keep(self, question: Sequence[str], checks: list[Check]) -> None:
        """Write good answers down; a cache that cannot be written costs a probe and nothing else."""
        if any(check.state not in (State.OK, State.SKIPPED) for check in checks):
            return
        self.keep_text(question, _CHECKS.dump_json(checks).decode())

    def recall_text(self, question: Sequence[str], younger_than_seconds: float | None = None) -> str | None:
        """Return the answer that was kept; None where there is none, or it is older."""
        path = self._path(question)
        if not self._read:
            return None
        try:
            age_seconds = time.time() - path.stat().st_mtime
            if younger_than_seconds is not None and not 0 <= age_seconds < younger_than_seconds:
                return None
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def keep_text(self, question: Sequence[str], answer: str) -> None:
        """Write an answer down; a cache that cannot be written costs a question and nothing else."""
        path = self._path(question)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(".part")
            aside.write_text(answer, encoding="utf-8")
            aside.replace(path)

    def _path(self, question: Sequence[str]) -> Path:
        digest = hashlib.sha256(json.dumps(list(question)).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"
