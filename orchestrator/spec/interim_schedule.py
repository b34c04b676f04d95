"""After how many blocks a run with --until-decided is looked at. Pure.

The analysis judges by these numbers, the plan ends at the last of them; docs/methodology.md has the errors of both.
"""

from __future__ import annotations

LOOKS = (8, 12, 16, 20, 25, 30)
"""Blocks after which --until-decided looks, and nowhere else."""


def in_words() -> str:
    """Return "8, 12, 16, 20, 25 and 30"."""
    return f"{', '.join(map(str, LOOKS[:-1]))} and {LOOKS[-1]}"


def next_look(blocks: int) -> int | None:
    """Return the first look after more than so many blocks, None where there is none."""
    return next((look for look in LOOKS if look > blocks), None)
