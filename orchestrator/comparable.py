"""Whether two frameworks can be held against each other step by step in a recipe, or why not."""

from __future__ import annotations

from shared.recipe import Dropout, Recipe


def not_stepwise(recipe: Recipe) -> str:
    """Return why losses and weights differ step by step without anybody's mistake; "" where they should not."""
    if recipe.initial.draw != "shared":
        return "each framework draws first weights of its own"
    if recipe.training.order == "framework":
        return "each framework shuffles the images in an order of its own"
    if any(isinstance(layer, Dropout) for layer in recipe.layers):
        return "dropout draws other masks in each framework"
    return ""
