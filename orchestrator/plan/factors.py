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
    factors = (*_recipe_factors(start[1], end[1]), Factor(FRAMEWORK, "framework", _replace_contender))
    return tuple(factor for factor in factors if factor.take(start, end) != start)


def _recipe_factors(start: Recipe, end: Recipe) -> list[Factor]:
    named = [
        _field_factor("input", "input view and scaling", "data.view", "data.mean", "data.std"),
        *_layer_factors(start, end),
        _field_factor("batch", "batch size", "training.batch_size"),
        _field_factor("images", "training images and split", "data.train", "data.validation"),
        _field_factor("order", "shuffling", "training.order"),
        _field_factor("initial", "initial weights", "initial"),
        _field_factor("optimiser", "optimiser", "optimizer"),
        _field_factor("epochs", "epochs", "training.epochs"),
    ]
    return [*named, *_unnamed_factors(start)]


_GROUPED = {"data": ("view", "mean", "std", "train", "validation"), "training": ("batch_size", "order", "epochs")}
_NAMED = {"name", "title", "quick", "layers", "initial", "optimizer"}
"""Quick sizes are limits that have been applied; name and title change nothing that is trained."""


def _unnamed_factors(recipe: Recipe) -> list[Factor]:
    """Make a factor of every field that has no name above, so that a walk always arrives."""
    inner = [(outer, field) for outer in _GROUPED for field in _field_names(getattr(recipe, outer), _GROUPED[outer])]
    outer = [(field, "") for field in _field_names(recipe, (*_NAMED, *_GROUPED))]
    paths = [".".join(filter(None, path)) for path in (*inner, *outer)]
    return [_field_factor(path.rpartition(".")[2].replace("_", "-"), path.replace("_", " "), path) for path in paths]


def _field_names(value: Any, known: Sequence[str]) -> list[str]:
    return [field.name for field in dataclasses.fields(value) if field.name not in known]


def _field_factor(name: str, title: str, *paths: str) -> Factor:
    """Return the factor that is these fields of a recipe: "initial", "data.view"."""

    def take(recipe: Recipe, other: Recipe) -> Recipe:
        for path in paths:
            outer, _, inner = path.partition(".")
            part = getattr(other, outer)
            if inner:
                part = dataclasses.replace(getattr(recipe, outer), **{inner: getattr(part, inner)})
            recipe = dataclasses.replace(recipe, **{outer: part})
        return recipe

    return _recipe_factor(name, title, take)


def _layer_factors(start: Recipe, end: Recipe) -> list[Factor]:
    """Split the layers where both stacks are built alike up to one flatten; else they are one factor."""
    if not _same_kinds(start.layers, end.layers):
        return [_field_factor("layers", "layers", "layers")]
    flat = _flatten_index(start.layers)
    pools = {at for at in range(flat) if "pool" in start.layers[at].type}
    others = set(range(flat)) - pools

    def take_dense(recipe: Recipe, other: Recipe) -> Recipe:
        return _replace_layers_from(recipe, flat, other.layers[flat:])

    return [
        _recipe_factor("convolutions", "convolutions", lambda recipe, other: _replace_layers_at(recipe, other, others)),
        _recipe_factor("pooling", "pooling", lambda recipe, other: _replace_layers_at(recipe, other, pools)),
        _recipe_factor("dense", "dense layers", take_dense),
    ]


def _same_kinds(layers: Sequence[Layer], others: Sequence[Layer]) -> bool:
    kinds = [[_layer_kind(layer) for layer in stack[: _flatten_index(stack)]] for stack in (layers, others)]
    return kinds[0] == kinds[1] and _flatten_index(layers) < len(layers) and _flatten_index(others) < len(others)


def _layer_kind(layer: Layer) -> str:
    return "pool" if "pool" in layer.type else layer.type


def _flatten_index(layers: Sequence[Layer]) -> int:
    """Return the index of the flatten, the number of layers where there is none."""
    return next((at for at, layer in enumerate(layers) if isinstance(layer, Flatten)), len(layers))


def _replace_layers_at(recipe: Recipe, other: Recipe, places: set[int]) -> Recipe:
    layers = [other.layers[at] if at in places else layer for at, layer in enumerate(recipe.layers)]
    return _replace_layers_from(recipe, 0, layers)


def _replace_layers_from(recipe: Recipe, start: int, layers: Sequence[Layer]) -> Recipe:
    return dataclasses.replace(recipe, layers=[*recipe.layers[:start], *layers])


def _recipe_factor(name: str, title: str, take: Callable[[Recipe, Recipe], Recipe]) -> Factor:
    return Factor(name, title, lambda cell, other: (cell[0], take(cell[1], other[1])))


def _replace_contender(cell: Cell, other: Cell) -> Cell:
    return other[0], cell[1]
