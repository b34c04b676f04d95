"""Which trials, in which order: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.contenders import Contender
from shared.recipe import Recipe
from shared.trial import Trial

Cell = tuple[Contender, Recipe]


@dataclass(frozen=True)
class PlannedTrial:
    """A trial and what the host needs beside it."""

    trial: Trial
    contender: Contender
    run: int  # repetition with the same seed, from 1

    @property
    def id(self) -> str:
        return self.trial.id


@dataclass(frozen=True)
class Plan:
    """Trials in the order of running."""

    trials: tuple[PlannedTrial, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return the pairs of contender and recipe, each once, in the order in which they first run."""
        cells = ((planned.contender, planned.trial.recipe) for planned in self.trials)
        return tuple({(contender, recipe.name): (contender, recipe) for contender, recipe in cells}.values())

    @property
    def contenders(self) -> tuple[Contender, ...]:
        return tuple(dict.fromkeys(planned.contender for planned in self.trials))

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple({planned.trial.recipe.name: planned.trial.recipe for planned in self.trials}.values())


def plan(
    contenders: Sequence[Contender],
    recipes: Sequence[Recipe],
    *,
    seeds: int,
    runs: int,
    device: Literal["cpu", "cuda"],
    threads: int,
) -> Plan:
    """Lay out every contender × recipe × seed × run, the contenders of a recipe side by side."""
    rows = [[(contender, recipe) for contender in contenders] for recipe in recipes]
    return lay_out(rows, seeds=seeds, runs=runs, device=device, threads=threads)


def lay_out(
    rows: Sequence[Sequence[Cell]],
    *,
    seeds: int,
    runs: int,
    device: Literal["cpu", "cuda"],
    threads: int,
) -> Plan:
    """Lay out rows of cells, every seed and run.

    Trials come in blocks of one seed and run, and each block starts a row with another cell:
    a machine that warms up or slows down meets all cells of a row alike, where "all of A, then
    all of B" would call its drift a difference.
    """
    blocks = [(seed, run) for run in range(1, runs + 1) for seed in range(1, seeds + 1)]
    return Plan(
        tuple(
            _planned(contender, recipe, seed, run, runs, device, threads)
            for block, (seed, run) in enumerate(blocks)
            for row in rows
            for contender, recipe in _rotated(row, block)
        )
    )


def _rotated(cells: Sequence[Cell], by: int) -> Iterable[Cell]:
    by %= len(cells)
    return (*cells[by:], *cells[:by])


def _planned(
    contender: Contender,
    recipe: Recipe,
    seed: int,
    run: int,
    runs: int,
    device: Literal["cpu", "cuda"],
    threads: int,
) -> PlannedTrial:
    parts = [contender.slug, recipe.name, f"s{seed}", *([f"r{run}"] if runs > 1 else [])]
    trial = Trial(
        id=".".join(parts),
        contender=contender.written,
        recipe=recipe,
        seed=seed,
        device=device,
        modes=list(contender.modes),
        threads=threads,
    )
    return PlannedTrial(trial, contender, run)
