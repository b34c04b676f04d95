"""The fault matrix: each row a fault, how it is injected, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One fault. `declared` says why it is not injected, or what of it is not."""

    number: int
    fault: str
    injected: str
    survived: str  # what the tests of this row hold it to
    declared: str = ""
