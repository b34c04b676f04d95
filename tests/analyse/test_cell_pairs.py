"""Cells of two runs are paired by recipe and contender, or as versions of one contender."""

from __future__ import annotations

from orchestrator.analyse.cell_pairs import Pair, pair_cells
from tests.support.summaries import cell


def pairs(before: list[str], after: list[str], *, across: bool = False) -> list[tuple[str, str]]:
    """Pair cells written "contender on recipe"."""
    cells = [[cell(*each.split(" on ")) for each in side] for side in (before, after)]
    return [tuple(map(" on ".join, pair)) for pair in pair_cells(*cells, across_recipes=across)]  # type: ignore[misc]


def test_the_same_contender_on_the_same_recipe_is_a_pair() -> None:
    both = ["tf==2.21.0 on a", "torch==2.13.0 on a", "tf==2.21.0 on b"]
    assert pairs(both, both[::-1]) == [(each, each) for each in both]


def test_a_contender_that_only_one_run_has_is_in_no_pair() -> None:
    assert pairs(["tf==2.21.0 on a"], ["torch==2.13.0 on a"]) == []
    assert pairs(["tf==2.21.0 on a"], ["tf==2.21.0 on b"]) == []


def test_versions_of_one_contender_are_a_pair_where_no_other_could_be_meant() -> None:
    assert pairs(["torch==2.13.0 on a"], ["torch==2.14.1 on a"]) == [("torch==2.13.0 on a", "torch==2.14.1 on a")]
    assert pairs(["torch==2.13.0 on a"], ["torch==2.14.1 on a", "torch==2.15.0 on a"]) == []
    assert pairs(["torch==2.13.0 on a"], ["torch[x]==2.13.0 on a"]) == []


def test_a_version_in_both_runs_leaves_the_others_to_each_other() -> None:
    before, after = ["torch==2.12 on a", "torch==2.13 on a"], ["torch==2.13 on a", "torch==2.14 on a"]
    assert pairs(before, after) == [("torch==2.12 on a", "torch==2.14 on a"), ("torch==2.13 on a", "torch==2.13 on a")]


def test_recipes_of_different_names_are_a_pair_where_that_is_allowed_and_each_run_has_one() -> None:
    assert pairs(["tf==2.21.0 on a"], ["tf==2.21.0 on b"], across=True) == [("tf==2.21.0 on a", "tf==2.21.0 on b")]
    several = ["tf==2.21.0 on b", "tf==2.21.0 on c"]
    assert pairs(["tf==2.21.0 on a"], several, across=True) == []


def test_no_cells_are_no_pairs() -> None:
    none: list[Pair] = []
    assert pair_cells([], [], across_recipes=True) == none
