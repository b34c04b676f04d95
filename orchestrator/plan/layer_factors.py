"""What two stacks of layers differ in: keys of layers that both have, and layers that only one has. Pure.

A key that goes from one value to another in several layers of a type is one setting, as people mean it: batch norm's
momentum. So is a layer that is added or removed in several places.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.plan.alignment import Slots
from shared.recipe import LAYER_TYPES, Layer

_SIZE = {"conv2d": "filters", "dense": "units"}
"""The key that tells layers of a type apart, for a title."""


@dataclass(frozen=True)
class LayerChange:
    """A setting of layers: in each of `places` this key, or the whole layer where none is named, differs."""

    name: str
    title: str
    places: tuple[int, ...]  # in the slots
    key: str = ""

    def take(self, slots: Slots, other: Slots) -> Slots:
        return tuple(self._taken(layer, other[at]) if at in self.places else layer for at, layer in enumerate(slots))

    def _taken(self, layer: Layer | None, other: Layer | None) -> Layer | None:
        if not self.key or layer is None or other is None:
            return other
        return _with(layer, self.key, getattr(other, self.key))


def layer_changes(slots: Slots, other: Slots) -> list[LayerChange]:
    """List every setting in which two aligned stacks differ, in the order of the layers."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for at, change in _changes(slots, other):
        groups.setdefault(change, []).append(at)
    made = [_change(change, tuple(places), slots, other) for change, places in groups.items()]
    return _with_own_names(made)


def structure(slots: Slots, other: Slots) -> LayerChange | None:
    """Return the layers that only one stack has, as one setting."""
    places = tuple(at for at, pair in enumerate(zip(slots, other, strict=True)) if None in pair)
    return LayerChange("layers", "layers added and removed", places) if places else None


def _changes(slots: Slots, other: Slots) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the place and the identity of each change: type, key, from and to; or the layer that one has."""
    for at, (mine, theirs) in enumerate(zip(slots, other, strict=True)):
        if mine is None or theirs is None:
            yield at, ("added" if mine is None else "removed", mine or theirs)
            continue
        for field in dataclasses.fields(mine):
            values = getattr(mine, field.name), getattr(theirs, field.name)
            if values[0] != values[1]:
                yield at, (mine.type, field.name, *values)


def _change(change: tuple[Any, ...], places: tuple[int, ...], slots: Slots, other: Slots) -> LayerChange:
    if len(change) == 2:
        how, layer = change
        where = _where(layer.type, places, other if how == "added" else slots)
        return LayerChange(f"{layer.type}-{how}", f"{_describe(layer)} {how}{where}", places)
    kind, key, before, after = change
    title = f"{kind} → {after}" if key == "type" else f"{kind} {key} {value(before)} → {value(after)}"
    return LayerChange(f"{kind}-{key}", f"{title}{_where(kind, places, slots)}", places, key)


def _where(kind: str, places: tuple[int, ...], slots: Slots) -> str:
    """Number the layers that are meant, from 1 in their own stack, where it has others of their type."""
    of_type = sum(layer is not None and layer.type == kind for layer in slots)
    numbers = [str(sum(layer is not None for layer in slots[: at + 1])) for at in places]
    return f" (layer {', '.join(numbers)})" if of_type > len(places) else ""


def value(setting: object) -> str:
    """Write a setting's value for a title."""
    if setting is None:
        return "none"
    if isinstance(setting, bool):
        return str(setting).lower()
    return f"{setting:g}" if isinstance(setting, float) else str(setting)


def _describe(layer: Layer) -> str:
    key = _SIZE.get(layer.type)
    return f"{layer.type} of {getattr(layer, key):,} {key}" if key else layer.type


def _with(layer: Layer, key: str, new: object) -> Layer:
    """Replace a key; the type too, which is the class."""
    keys = {**dataclasses.asdict(layer), key: new}
    made: Layer = LAYER_TYPES[str(keys["type"])](**keys)
    return made


def _with_own_names(changes: Sequence[LayerChange]) -> list[LayerChange]:
    """Number the changes of one name from the second on, because a name is a part of a recipe's."""
    seen: Counter[str] = Counter()
    named = []
    for change in changes:
        seen[change.name] += 1
        number = f"-{seen[change.name]}" if seen[change.name] > 1 else ""
        named.append(dataclasses.replace(change, name=f"{change.name}{number}"))
    return named
