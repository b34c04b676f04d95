"""The factors in which two cells differ, each with the way to take it from the other cell. Pure.

A factor, in the word of experimental design, is one setting that varies between cells. Each replaces a part that no
other factor touches, so a set of factors makes the same cell in whatever order they are taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.spec.contenders import Contender
from shared.recipe import Flatten, Layer, Recipe

Cell = tuple[Contender, Recipe]
"""What a trial repeats with a seed."""

FRAMEWORK = "framework"


@dataclass(frozen=True)
class Factor:
    """One setting in which cells may differ. `take` returns the first cell with this setting of the second."""

    name: str  # part of a recipe's name
    title: str
    take: Callable[[Cell, Cell], Cell]


def differing_factors(start: Cell, end: Cell) -> tuple[Factor, ...]:
    """Return the factors in which `end` differs from `start`, in the order of the article's table."""
    factors = (*_of_recipes(start[1], end[1]), Factor(FRAMEWORK, "framework", _take_contender))
    return tuple(factor for factor in factors if factor.take(start, end) != start)


def _of_recipes(start: Recipe, end: Recipe) -> list[Factor]:
    named = [
        _fields("input", "input view and scaling", "data.view", "data.mean", "data.std"),
        *_of_layers(start, end),
        _fields("batch", "batch size", "training.batch_size"),
        _fields("images", "training images and split", "data.train", "data.validation"),
        _fields("order", "shuffling", "training.order"),
        _fields("initial", "initial weights", "initial"),
        _fields("optimiser", "optimiser", "optimizer"),
        _fields("epochs", "epochs", "training.epochs"),
    ]
    return [*named, *_rest(start)]


_GROUPED = {"data": ("view", "mean", "std", "train", "validation"), "training": ("batch_size", "order", "epochs")}
_NAMED = {"name", "title", "quick", "layers", "initial", "optimizer"}
"""Quick sizes are limits that have been applied; name and title change nothing that is trained."""


def _rest(recipe: Recipe) -> list[Factor]:
    """Make a factor of every field that has no name above, so that a walk always arrives."""
    inner = [(outer, field) for outer in _GROUPED for field in _names(getattr(recipe, outer), _GROUPED[outer])]
    outer = [(field, "") for field in _names(recipe, (*_NAMED, *_GROUPED))]
    paths = [".".join(filter(None, path)) for path in (*inner, *outer)]
    return [_fields(path.rpartition(".")[2].replace("_", "-"), path.replace("_", " "), path) for path in paths]


def _names(value: Any, known: Sequence[str]) -> list[str]:
    return [field.name for field in dataclasses.fields(value) if field.name not in known]


def _fields(name: str, title: str, *paths: str) -> Factor:
    """Return the factor that is these fields of a recipe: "initial", "data.view"."""

    def take(recipe: Recipe, other: Recipe) -> Recipe:
        for path in paths:
            outer, _, inner = path.partition(".")
            theirs = getattr(other, outer)
            part = dataclasses.replace(getattr(recipe, outer), **{inner: getattr(theirs, inner)}) if inner else theirs
            recipe = dataclasses.replace(recipe, **{outer: part})
        return recipe

    return _of_recipe(name, title, take)


def _of_layers(start: Recipe, end: Recipe) -> list[Factor]:
    """Split the layers where both stacks are built alike up to one flatten; else they are one factor."""
    if not _alike(start.layers, end.layers):
        return [_fields("layers", "layers", "layers")]
    flat = _flat(start.layers)
    pools = {at for at in range(flat) if "pool" in start.layers[at].type}
    others = set(range(flat)) - pools
    return [
        _of_recipe("convolutions", "convolutions", lambda recipe, other: _body(recipe, other, others)),
        _of_recipe("pooling", "pooling", lambda recipe, other: _body(recipe, other, pools)),
        _of_recipe("dense", "dense layers", lambda recipe, other: _with(recipe, flat, other.layers[flat:])),
    ]


def _alike(mine: Sequence[Layer], theirs: Sequence[Layer]) -> bool:
    kinds = [[_kind(layer) for layer in layers[: _flat(layers)]] for layers in (mine, theirs)]
    return kinds[0] == kinds[1] and _flat(mine) < len(mine) and _flat(theirs) < len(theirs)


def _kind(layer: Layer) -> str:
    return "pool" if "pool" in layer.type else layer.type


def _flat(layers: Sequence[Layer]) -> int:
    """Return the index of the flatten, the number of layers where there is none."""
    return next((at for at, layer in enumerate(layers) if isinstance(layer, Flatten)), len(layers))


def _body(recipe: Recipe, other: Recipe, places: set[int]) -> Recipe:
    return _with(recipe, 0, [other.layers[at] if at in places else mine for at, mine in enumerate(recipe.layers)])


def _with(recipe: Recipe, start: int, layers: Sequence[Layer]) -> Recipe:
    return dataclasses.replace(recipe, layers=[*recipe.layers[:start], *layers])


def _of_recipe(name: str, title: str, take: Callable[[Recipe, Recipe], Recipe]) -> Factor:
    return Factor(name, title, lambda cell, other: (cell[0], take(cell[1], other[1])))


def _take_contender(cell: Cell, other: Cell) -> Cell:
    return other[0], cell[1]
