"""The two tracks of a comparison, which never share a table: what was held equal decides what a number means. Pure."""

from __future__ import annotations

from typing import Literal

from shared.recipe import Dropout, Recipe

Track = Literal["matched", "as written"]

TRACKS: dict[Track, str] = {
    "matched": "the same first weights and the same batches in every contender, audited against a float64 reference",
    "as written": "the recipe's program with each framework's own random numbers, in bakeoff's loop around the "
    "framework's training step; a framework's own loop, such as Keras' fit(), is not run and may take more time",
}
"""In the order of a report, each with what it holds equal."""


def track(recipe: Recipe) -> Track:
    """Tell a recipe's track: matched where every contender starts from the same weights and sees the same batches."""
    alike = recipe.initial.draw == "shared" and recipe.training.order != "framework"
    return "matched" if alike else "as written"


def not_stepwise(recipe: Recipe) -> str:
    """Return why losses and weights differ step by step without anybody's mistake; "" where they should not."""
    if recipe.initial.draw != "shared":
        return "each framework draws first weights of its own"
    if recipe.training.order == "framework":
        return "each framework shuffles the images in an order of its own"
    if any(isinstance(layer, Dropout) for layer in recipe.layers):
        return "dropout draws other masks in each framework"
    return ""
