"""The numbers of layers, optimisers and training: which make sense, and which are usual. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

Range = tuple[Callable[[float], bool], str]

_COUNT: Range = (lambda value: value >= 1, "1 or more")
_POSITIVE: Range = (lambda value: value > 0, "more than 0")
_SHARE: Range = (lambda value: 0 <= value < 1, "from 0 to below 1")

RANGES: dict[str, Range] = {
    **dict.fromkeys(("filters", "kernel", "stride", "size", "units", "epochs", "batch_size"), _COUNT),
    **dict.fromkeys(("learning_rate", "epsilon"), _POSITIVE),
    **dict.fromkeys(("momentum", "beta_1", "beta_2", "rho", "rate"), _SHARE),
    "weight_decay": (lambda value: value >= 0, "0 or more"),
}
"""By key, wherever it stands."""

USUAL = {
    "learning_rate": "0.01 for sgd, 0.001 for the others",
    "momentum": "0.9",
    "beta_1": "0.9",
    "beta_2": "0.999",
    "rho": "0.9",
    "epsilon": "1e-8 in an optimiser, 1e-5 in batch_norm",
    "weight_decay": "0.01",
    "rate": "0.5",
}
"""What the field takes: told where a constant is missing, never assumed."""


def outside(place: str, values: Any) -> Iterator[tuple[str, str]]:
    """Yield key and fault of each number of a dataclass that is out of its range."""
    for field in dataclasses.fields(values):
        value = getattr(values, field.name)
        if field.name in RANGES and not RANGES[field.name][0](value):
            yield f"{place}.{field.name}", f"must be {RANGES[field.name][1]}, not {value:g}"
