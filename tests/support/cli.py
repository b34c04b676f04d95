"""How tests call bakeoff, and what they see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

QUICK = ("--epochs", "1", "--train-images", "640", "--recipe", "article-torch")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Bakeoff = Callable[..., Answer]
