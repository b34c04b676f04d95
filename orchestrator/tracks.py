"""The two tracks of a comparison, which never share a table: what was held equal decides what a number means. Pure."""

from __future__ import annotations

from typing import Literal

from shared.recipe import Recipe

Track = Literal["matched", "as written"]

TRACKS: dict[Track, str] = {
    "matched": "the same first weights and the same batches in every contender, audited and compared step by step",
    "as written": "the recipe's program with each framework's own random numbers, as its users run it",
}
"""In the order of a report, each with what it holds equal."""


def track(recipe: Recipe) -> Track:
    """Tell a recipe's track: matched where every contender starts from the same weights and sees the same batches."""
    alike = recipe.initial.draw == "shared" and recipe.training.order in ("shared", "sequential")
    return "matched" if alike else "as written"
