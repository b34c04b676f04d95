"""Restrictions that a contender's containers may be spared: a closed list, each with its need and its price. Pure.

`relax = ["tmp-exec"]` in contender.toml asks for one; the plan, the record and the report name it. A ready image gets
none, and nothing here gives a network, a capability, root or a writable root file system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Relaxation:
    """One restriction less."""

    meaning: str
    need: str
    price: str


RELAXATIONS: Mapping[str, Relaxation] = MappingProxyType(
    {
        "tmp-exec": Relaxation(
            meaning="files in /tmp may be executed and loaded as libraries",
            need="torch.compile and Triton compile to /tmp and load what they made",
            price="what a worker downloads or writes, it may run; it had no network to download by",
        ),
    }
)


def told(relax: Iterable[str]) -> str:
    """Say what is spared, for a table or a sentence."""
    return ", ".join(relax) or "none"
