"""The article's claims over seeds: the median of each cell with an interval, and one of three wordings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import TypeVar

from orchestrator.analyse.claims import DEFINITIONS, Definition, verdict
from orchestrator.analyse.intervals import median_interval
from orchestrator.analyse.summary import Cell, Comparison, Summary


@dataclass(frozen=True)
class Judgement:
    """One claim in one cell, over its seeds."""

    definition: Definition
    contender: str
    recipe: str
    values: tuple[float, ...]  # one a seed, sorted

    @property
    def median(self) -> float | None:
        return median(self.values) if self.values else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95 % interval for the median over seeds, None with fewer than six."""
        return median_interval(self.values)

    @property
    def verdict(self) -> str:
        """Say "holds" or "does not hold" where the whole interval agrees, else that it is not decided."""
        undecided = f"not decided with {len(self.values)} seeds"
        if self.interval is None:
            return undecided
        low, high = map(self.definition.holds, self.interval)
        return verdict(low) if low == high else undecided


def judgements(summary: Summary) -> tuple[Judgement, ...]:
    """Judge every claim in every cell; nothing for a single seed, which carries no interval."""
    if len(summary.comparison.seeds) < 2 or not summary.comparison.claims:
        return ()
    cells = summary.comparison.cells
    return tuple(
        Judgement(definition, cell.contender, cell.recipe, _values(summary, definition, cell))
        for definition in DEFINITIONS
        for cell in cells
    )


def _values(summary: Summary, definition: Definition, cell: Cell) -> tuple[float, ...]:
    """Collect a claim's number a seed: repetitions of a seed are no new evidence, so their median counts once."""
    seeds = {trial.id: trial.seed for trial in summary.trials}
    place = (definition.id, cell.contender, cell.recipe)
    by_seed: dict[int, list[float]] = {}
    for claim in summary.comparison.claims:
        if (claim.id, claim.contender, claim.recipe) == place and claim.value is not None:
            by_seed.setdefault(seeds[claim.trial], []).append(claim.value)
    return tuple(sorted(median(values) for values in by_seed.values()))


T = TypeVar("T")
Place = tuple[str, str]  # contender, recipe


def readings(comparison: Comparison) -> tuple[str, ...]:
    """Say, for a crossover, whether each claim goes with the framework or with the recipe; else nothing.

    A cell's number is the median over its trials. The sentences are plain text and name
    contenders and recipes as they were given: escape them like any outside string.
    """
    if comparison.kind != "crossover":
        return ()
    return tuple(f"{definition.name}: {_reading(definition, comparison)}" for definition in DEFINITIONS)


def single_seed_note(seeds: Sequence[int]) -> str:
    """Say what one seed can and cannot show; nothing where there are more."""
    if len(seeds) != 1:
        return ""
    return (
        "With one seed these numbers describe the runs that were made and show which way they point; how far another "
        "seed would move them is unknown, so a small difference between two cells is no evidence of a difference "
        "between two frameworks (--seeds 6 gives an interval)."
    )


def _reading(definition: Definition, comparison: Comparison) -> str:
    numbers = {(cell.contender, cell.recipe): _cell_value(definition, comparison, cell) for cell in comparison.cells}
    empty = [f"{contender} · {recipe}" for (contender, recipe), value in numbers.items() if value is None]
    if empty:
        return f"not read across the cells, because there is no number for {', '.join(empty)}."
    table = {cell: value for cell, value in numbers.items() if value is not None}
    verdicts = {cell: definition.holds(value) for cell, value in table.items()}
    by_framework, by_recipe = _spread(table, fixed=1), _spread(table, fixed=0)
    return (
        f"{_followed(verdicts)}. Its number ({definition.unit}) differs by {by_framework:.3g} between frameworks "
        f"within a recipe and by {by_recipe:.3g} between recipes within a framework (means of the ranges)."
    )


def _cell_value(definition: Definition, comparison: Comparison, cell: Cell) -> float | None:
    place = (definition.id, cell.contender, cell.recipe)
    mine = [claim for claim in comparison.claims if (claim.id, claim.contender, claim.recipe) == place]
    values = [claim.value for claim in mine if claim.value is not None]
    return median(values) if values else None


def _spread(table: dict[Place, float], *, fixed: int) -> float:
    """Return the mean range of the numbers along one side of the table, the other side `fixed`."""
    return mean(max(values) - min(values) for values in _lines(table, fixed))


def _followed(verdicts: dict[Place, bool]) -> str:
    if len(set(verdicts.values())) == 1:
        return f"it {verdict(next(iter(verdicts.values())))} in every cell, so this run separates nothing by it"
    same_across_frameworks = all(len(set(line)) == 1 for line in _lines(verdicts, 1))
    same_across_recipes = all(len(set(line)) == 1 for line in _lines(verdicts, 0))
    if same_across_frameworks:
        return "in this run it follows the recipe: changing the framework alone never changes the verdict"
    if same_across_recipes:
        return "in this run it follows the framework: changing the recipe alone never changes the verdict"
    return "in this run it follows neither the framework nor the recipe alone"


def _lines(table: dict[Place, T], fixed: int) -> list[list[T]]:
    """Return the table's rows (`fixed` 0: one contender each) or columns (1: one recipe each)."""
    names = dict.fromkeys(place[fixed] for place in table)
    return [[value for place, value in table.items() if place[fixed] == name] for name in names]
