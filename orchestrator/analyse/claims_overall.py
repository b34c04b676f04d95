"""The article's claims aggregated: over seeds (median, interval, verdict) and across cells. Pure.

Across cells the question is whether a claim goes with the framework or with the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median
from typing import TypeVar

from orchestrator.analyse.claims import DEFINITIONS, Definition, verdict
from orchestrator.analyse.intervals import median_interval
from orchestrator.analyse.summary import Cell, Claim, ClaimOverall, Comparison, TrialSummary

T = TypeVar("T")
Place = tuple[str, str]  # contender, recipe


def claims_over_seeds(
    comparison: Comparison, trials: Sequence[TrialSummary], claims: Sequence[Claim]
) -> tuple[ClaimOverall, ...]:
    """Judge every claim in every cell over its seeds; nothing for a single seed, which carries no interval."""
    if len(comparison.seeds) < 2 or not claims:
        return ()
    seeds = {trial.id: trial.seed for trial in trials}
    return tuple(
        _overall(definition, cell, _values_by_seed(_of_cell(claims, definition, cell), seeds))
        for definition in DEFINITIONS
        for cell in comparison.cells
    )


def _overall(definition: Definition, cell: Cell, values: Sequence[float]) -> ClaimOverall:
    interval = median_interval(values)
    return ClaimOverall(
        id=definition.id,
        contender=cell.contender,
        recipe=cell.recipe,
        unit=definition.unit,
        values=tuple(values),
        median=median(values) if values else None,
        interval=interval,
        verdict=_verdict(definition, values, interval),
    )


def _verdict(definition: Definition, values: Sequence[float], interval: tuple[float, float] | None) -> str:
    """Say "holds" or "does not hold" where the whole interval agrees, else that it is not decided."""
    undecided = f"not decided with {len(values)} seeds"
    if interval is None:
        return undecided
    low, high = map(definition.holds, interval)
    return verdict(low) if low == high else undecided


def _values_by_seed(claims: Sequence[Claim], seeds: dict[str, int]) -> list[float]:
    """Return one value a seed, sorted: repetitions of a seed are no new evidence, so their median counts once."""
    by_seed: dict[int, list[float]] = {}
    for claim in claims:
        if claim.value is not None:
            by_seed.setdefault(seeds[claim.trial], []).append(claim.value)
    return sorted(median(values) for values in by_seed.values())


def _of_cell(claims: Sequence[Claim], definition: Definition, cell: Cell) -> list[Claim]:
    place = (definition.id, cell.contender, cell.recipe)
    return [claim for claim in claims if (claim.id, claim.contender, claim.recipe) == place]


def framework_or_recipe(
    comparison: Comparison, claims: Sequence[Claim], overall: Sequence[ClaimOverall]
) -> tuple[str, ...]:
    """Say, for a crossover, how each claim's number goes with the framework and with the recipe; else nothing.

    Whether it follows the one or the other is said where seeds have decided every cell. A cell's number is the median
    over its trials. The sentences are plain text and name contenders and recipes as they were given: escape them like
    any outside string.
    """
    if comparison.kind != "crossover" or not claims:
        return ()
    return tuple(
        f"{definition.name}: {_reading(definition, comparison, claims, _decided(definition, comparison, overall))}"
        for definition in DEFINITIONS
    )


def single_seed_note(seeds: Sequence[int]) -> str:
    """Say what one seed can and cannot show; nothing where there are more."""
    if len(seeds) != 1:
        return ""
    return (
        "With one seed these numbers describe the runs that were made and show which way they point; how far another "
        "seed would move them is unknown, so a small difference between two cells is no evidence of a difference "
        "between two frameworks (--seeds 6 gives an interval)."
    )


def _decided(
    definition: Definition, comparison: Comparison, overall: Sequence[ClaimOverall]
) -> dict[Place, bool] | None:
    """Return the verdict on a claim in every cell, None where seeds leave one undecided."""
    verdicts = {(each.contender, each.recipe): each.verdict for each in overall if each.id == definition.id}
    found = [verdicts.get((cell.contender, cell.recipe)) for cell in comparison.cells]
    if not set(found) <= {verdict(True), verdict(False)}:
        return None
    return {place: each == verdict(True) for place, each in verdicts.items()}


def _reading(
    definition: Definition, comparison: Comparison, claims: Sequence[Claim], verdicts: dict[Place, bool] | None
) -> str:
    numbers = {
        (cell.contender, cell.recipe): _median_value(_of_cell(claims, definition, cell)) for cell in comparison.cells
    }
    empty = [f"{contender} · {recipe}" for (contender, recipe), value in numbers.items() if value is None]
    if empty:
        return f"not read across the cells, because there is no number for {', '.join(empty)}."
    table = {cell: value for cell, value in numbers.items() if value is not None}
    by_framework, by_recipe = _spread(table, fixed=1), _spread(table, fixed=0)
    spread = (
        f"its number ({definition.unit}) differs by {by_framework:.3g} between frameworks within a recipe and by "
        f"{by_recipe:.3g} between recipes within a framework (means of the ranges)."
    )
    return f"{_followed(verdicts)}; {spread}" if verdicts else spread


def _median_value(claims: Sequence[Claim]) -> float | None:
    values = [claim.value for claim in claims if claim.value is not None]
    return median(values) if values else None


def _spread(table: dict[Place, float], *, fixed: int) -> float:
    """Return the mean range of the numbers along one side of the table, the other side `fixed`."""
    return mean(max(values) - min(values) for values in _lines(table, fixed))


def _followed(verdicts: dict[Place, bool]) -> str:
    if len(set(verdicts.values())) == 1:
        return f"it {verdict(next(iter(verdicts.values())))} in every cell, so these seeds separate nothing by it"
    same_across_frameworks = all(len(set(line)) == 1 for line in _lines(verdicts, 1))
    same_across_recipes = all(len(set(line)) == 1 for line in _lines(verdicts, 0))
    if same_across_frameworks:
        return "over these seeds it follows the recipe: changing the framework alone never changes the verdict"
    if same_across_recipes:
        return "over these seeds it follows the framework: changing the recipe alone never changes the verdict"
    return "over these seeds it follows neither the framework nor the recipe alone"


def _lines(table: dict[Place, T], fixed: int) -> list[list[T]]:
    """Return the table's rows (`fixed` 0: one contender each) or columns (1: one recipe each)."""
    names = dict.fromkeys(place[fixed] for place in table)
    return [[value for place, value in table.items() if place[fixed] == name] for name in names]
