"""The article's claims over seeds: the median of each cell with an interval, and one of three wordings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from orchestrator.claims import DEFINITIONS, Definition, verdict
from orchestrator.interval import median_interval
from orchestrator.summary import Cell, Summary


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
