"""What validation found in a recipe file, in the words of the file: wrong keys, types and values. Pure.

A key that is wrong where it stands may be right elsewhere, and a program trained without it is another one. So a fault
says what is allowed there, the nearest spelling, and where the key is allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator.spec.fault import Fault, Place, guess, written
from orchestrator.spec.schema_faults import UNKNOWN_KEY, value_fault
from shared.recipe import LAYER_TYPES, OPTIMIZER_TYPES, Data, Initial, Quick, Recipe, Slice, Training

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
"""What the field takes: named where a constant is missing, never assumed."""


def _keys(*parts: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for part in parts for field in dataclasses.fields(part) if field.name != "type")


PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "layers": {name: _keys(kind) for name, kind in LAYER_TYPES.items()},
    "optimizer": {name: _keys(kind) for name, kind in OPTIMIZER_TYPES.items()},
    "": {
        "[data]": _keys(Data),
        "a slice of [data]": _keys(Slice),
        "[training]": _keys(Training),
        "[initial]": _keys(Initial),
        "[quick]": _keys(Quick),
        "a recipe": _keys(Recipe),
    },
}
"""The keys of every part of a recipe, by its name; the parts by the section whose types they are."""


def schema_errors(error: ValidationError) -> Iterator[Fault]:
    """Say what pydantic found."""
    for found in error.errors(include_url=False):
        place, kind = _place(tuple(found["loc"]))
        if found["type"] in UNKNOWN_KEY:
            yield Fault(place, _unknown_key(place, kind), kind, written(found["input"]))
        elif found["type"].startswith("union_tag"):
            yield _unknown_type(place, found["input"])
        elif found["type"] == "missing":
            usual = USUAL.get(str(place[-1]))
            yield Fault(place, f"is missing: add it{f'; usual is {usual}' if usual else ''}", kind)
        else:
            yield Fault(place, value_fault(found), kind)


def _place(location: Place) -> tuple[Place, str]:
    """Tell a place from the type that pydantic names in it: ("layers", 2, "dense", "units"), ("optimizer", "sgd")."""
    at = {"layers": 2, "optimizer": 1}.get(str(location[0]) if location else "", len(location))
    if len(location) <= at:
        return location, ""
    return (*location[:at], *location[at + 1 :]), str(location[at])


def _unknown_key(place: Place, kind: str) -> str:
    key, part, family = str(place[-1]), _part(place, kind), str(place[0]) if kind else ""
    keys = PARTS[family][part]
    takes = ", ".join(keys) if keys else "no key"
    elsewhere = _elsewhere(key, family)
    end = ("" if elsewhere else guess(key, keys)) or ". Removing it may train another program"
    return f"{part} has no {key} here{elsewhere}; it takes {takes}{end}"


def _part(place: Place, kind: str) -> str:
    if kind:
        return kind
    return "a recipe" if len(place) == 1 else f"[{place[0]}]" if len(place) == 2 else "a slice of [data]"


def _elsewhere(key: str, family: str) -> str:
    """Say what has a key of this name: of the same kind, else of any."""
    owners = {name: [part for part, keys in parts.items() if key in keys] for name, parts in PARTS.items()}
    having = owners[family] or [part for parts in owners.values() for part in parts]
    return f" ({', '.join(having)} {'has' if len(having) == 1 else 'have'})" if having else ""


def _unknown_type(place: Place, part: Mapping[str, Any]) -> Fault:
    known, given = PARTS[str(place[0])], part.get("type")
    told = f"must be one of {', '.join(known)}{guess(given, known)}"
    if "type" not in part:
        return Fault((*place, "type"), f"is missing: it {told}")
    return Fault((*place, "type"), told, given=written(given))
