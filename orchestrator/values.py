"""The two types that every stage uses."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Say = Callable[[str], None]
"""Takes one line of preparation progress, for a person."""
