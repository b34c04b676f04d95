"""Which cells of two runs are the same one, or versions of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.analyse.contender_names import without_version
from orchestrator.analyse.summary import Cell

Place = tuple[str, str]
"""A contender and a recipe."""

Pair = tuple[Place, Place]
"""A cell of the earlier run, and that of the later one."""


def pair_cells(before: Sequence[Cell], after: Sequence[Cell], *, across_recipes: bool) -> list[Pair]:
    """Pair the cells of two runs: the same recipe, and the same contender, else the only one of its name.

    `across_recipes` makes a pair of recipes of different names where each run has one.
    """
    recipes = [list(dict.fromkeys(cell.recipe for cell in cells)) for cells in (before, after)]
    alone = across_recipes and [len(names) for names in recipes] == [1, 1]
    names = [(recipes[0][0], recipes[1][0])] if alone else [(recipe, recipe) for recipe in recipes[0]]
    return [pair for mine, theirs in names for pair in _of_recipes((mine, before), (theirs, after))]


def _of_recipes(before: tuple[str, Sequence[Cell]], after: tuple[str, Sequence[Cell]]) -> list[Pair]:
    mine, theirs = ([cell.contender for cell in cells if cell.recipe == recipe] for recipe, cells in (before, after))
    left = [contender for contender in theirs if contender not in mine]
    gone = [contender for contender in mine if contender not in theirs]
    same = [(contender, contender) for contender in mine if contender in theirs]
    versions = [(one, other) for one in gone for other in left if _are_versions(one, other, gone, left)]
    ordered = sorted([*same, *versions], key=lambda pair: mine.index(pair[0]))
    return [((one, before[0]), (other, after[0])) for one, other in ordered]


def _are_versions(one: str, other: str, gone: Sequence[str], left: Sequence[str]) -> bool:
    """Tell whether two contenders are versions of one thing, and no others of it could be meant."""
    name = without_version(one)
    counts = [[without_version(each) for each in side].count(name) for side in (gone, left)]
    return without_version(other) == name and counts == [1, 1]
