"""The factors in which two cells differ, each with the way to take it from the other cell. Pure.

A factor, in the word of experimental design, is one setting that varies between cells. Each replaces a part that no
other factor touches, so a set of factors makes the same cell in whatever order they are taken. What can be told apart
is a factor of its own; what only means something together is one: a view with its scaling, the split of the images, the
constants of an optimiser of another type.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.plan.alignment import Slots, align
from orchestrator.plan.layer_factors import LayerChange, layer_changes, structure, value
from orchestrator.spec.contenders import Contender
from shared.recipe import Recipe

Cell = tuple[Contender, Recipe]
"""What a trial repeats with a seed."""

FRAMEWORK = "framework"

Grain = Literal["settings", "structure", "stack"]
GRAINS: tuple[Grain, ...] = ("settings", "structure", "stack")
"""How finely layers are told apart: every setting; all added and removed layers as one; the whole stack as one."""


@dataclass(frozen=True)
class Draft:
    """A cell on the way, its layers with gaps for those of the other end: places stay where they are."""

    contender: Contender
    recipe: Recipe
    slots: Slots

    @property
    def cell(self) -> Cell:
        return self.contender, dataclasses.replace(self.recipe, layers=[layer for layer in self.slots if layer])


def drafts(start: Cell, end: Cell) -> tuple[Draft, Draft]:
    """Lay two cells side by side."""
    slots = align(start[1].layers, end[1].layers)
    return Draft(*start, slots[0]), Draft(*end, slots[1])


@dataclass(frozen=True)
class Factor:
    """One setting in which cells differ. `take` returns the first draft with this setting of the second."""

    name: str  # part of a recipe's name
    title: str  # what differs, and from what to what
    take: Callable[[Draft, Draft], Draft]


def differing_factors(start: Cell, end: Cell, grain: Grain = "settings") -> tuple[Factor, ...]:
    """Return the factors in which `end` differs from `start`, in the order of the article's table."""
    first, last = drafts(start, end)
    factors = (*_recipe_factors(first, last, grain), Factor(FRAMEWORK, "framework", _take_contender))
    return tuple(factor for factor in factors if factor.take(first, last) != first)


def _recipe_factors(first: Draft, last: Draft, grain: Grain) -> Iterator[Factor]:
    start, end = first.recipe, last.recipe
    yield _input_factor(start, end)
    yield from (_layer_factor(change) for change in _layer_changes(first.slots, last.slots, grain))
    yield _value_factor("batch", "batch size", "training.batch_size", start, end)
    yield _field_factor("images", "training images and split", "data.train", "data.validation")
    yield _value_factor("order", "shuffling", "training.order", start, end)
    yield _value_factor("initial", "first weights", "initial.distribution", start, end)
    yield _value_factor("draw", "first weights drawn by", "initial.draw", start, end)
    yield from _optimiser_factors(start, end)
    yield _value_factor("epochs", "epochs", "training.epochs", start, end)
    yield from _unnamed_factors(start)


def _input_factor(start: Recipe, end: Recipe) -> Factor:
    """Name what of the input differs; a view's mean and deviation belong to it."""
    title = "input view and scaling"
    if start.data.view == end.data.view:
        differing = [key for key in ("mean", "std") if getattr(start.data, key) != getattr(end.data, key)]
        title = ", ".join(_from_to(f"input {key}", f"data.{key}", start, end) for key in differing)
    elif (start.data.mean, start.data.std) == (end.data.mean, end.data.std):
        title = _from_to("input view", "data.view", start, end)
    return _field_factor("input", title, "data.view", "data.mean", "data.std")


def _layer_changes(slots: Slots, other: Slots, grain: Grain) -> list[LayerChange]:
    if grain == "stack":
        return [LayerChange("layers", "layers", tuple(range(len(slots))))]
    changes, together = layer_changes(slots, other), structure(slots, other)
    if grain == "settings" or together is None:
        return changes
    return [*(change for change in changes if change.key), together]


def _layer_factor(change: LayerChange) -> Factor:
    def take(draft: Draft, other: Draft) -> Draft:
        return dataclasses.replace(draft, slots=change.take(draft.slots, other.slots))

    return Factor(change.name, change.title, take)


def _optimiser_factors(start: Recipe, end: Recipe) -> Iterator[Factor]:
    """Tell the constants of one optimiser apart; those of another type mean something else, and come with it."""
    kinds = start.optimizer.type, end.optimizer.type
    if kinds[0] != kinds[1]:
        yield _field_factor("optimiser", f"optimiser {kinds[0]} → {kinds[1]}", "optimizer")
        return
    for field in dataclasses.fields(start.optimizer):
        path = f"optimizer.{field.name}"
        yield _value_factor(f"{kinds[0]}-{field.name}", f"{kinds[0]} {field.name}", path, start, end)


_GROUPED = {
    "data": ("view", "mean", "std", "train", "validation"),
    "training": ("batch_size", "order", "epochs"),
    "initial": ("distribution", "draw"),
}
_NAMED = {"name", "title", "quick", "layers", "optimizer"}
"""Quick sizes are limits that have been applied; name and title change nothing that is trained."""


def _unnamed_factors(recipe: Recipe) -> list[Factor]:
    """Make a factor of every field that has no name above, so that a walk always arrives."""
    inner = [(outer, field) for outer in _GROUPED for field in _field_names(getattr(recipe, outer), _GROUPED[outer])]
    outer = [(field, "") for field in _field_names(recipe, (*_NAMED, *_GROUPED))]
    paths = [".".join(filter(None, path)) for path in (*inner, *outer)]
    return [_field_factor(path.rpartition(".")[2].replace("_", "-"), path.replace("_", " "), path) for path in paths]


def _field_names(part: Any, known: Sequence[str]) -> list[str]:
    return [field.name for field in dataclasses.fields(part) if field.name not in known]


def _value_factor(name: str, title: str, path: str, start: Recipe, end: Recipe) -> Factor:
    """Return the factor that is one value of a recipe, and name both ends'."""
    return _field_factor(name, _from_to(title, path, start, end), path)


def _from_to(title: str, path: str, start: Recipe, end: Recipe) -> str:
    outer, _, inner = path.partition(".")
    before, after = (value(getattr(getattr(recipe, outer), inner)) for recipe in (start, end))
    return f"{title} {before} → {after}"


def _field_factor(name: str, title: str, *paths: str) -> Factor:
    """Return the factor that is these fields of a recipe: "initial", "data.view"."""

    def take(draft: Draft, other: Draft) -> Draft:
        recipe = draft.recipe
        for path in paths:
            outer, _, inner = path.partition(".")
            part = getattr(other.recipe, outer)
            if inner:
                part = dataclasses.replace(getattr(recipe, outer), **{inner: getattr(part, inner)})
            recipe = dataclasses.replace(recipe, **{outer: part})
        return dataclasses.replace(draft, recipe=recipe)

    return Factor(name, title, take)


def _take_contender(draft: Draft, other: Draft) -> Draft:
    return dataclasses.replace(draft, contender=other.contender)
