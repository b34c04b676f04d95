"""Which trials, in which order: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.spec.contenders import Contender
from orchestrator.spec.tracks import not_stepwise
from shared.recipe import Recipe
from shared.trial import Precision, Trial

Cell = tuple[Contender, Recipe]

Role = Literal["measured", "parity"]
"""A parity trial keeps every step's norms, which cost time: its speed is not counted."""

PARITY_RUNS = 2
"""The same container twice: how far a contender parts from itself is the floor under every difference."""


@dataclass(frozen=True)
class PlannedTrial:
    """A trial and what the host needs beside it."""

    trial: Trial
    contender: Contender
    run: int  # repetition with the same seed, from 1
    role: Role = "measured"

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


def make_plan(
    contenders: Sequence[Contender],
    recipes: Sequence[Recipe],
    *,
    seeds: int,
    runs: int,
    device: Literal["cpu", "cuda"],
    threads: int,
    precision: Precision = "float32",
) -> Plan:
    """Lay out every contender × recipe × seed × run, the contenders of a recipe side by side."""
    rows = [[(contender, recipe) for contender in contenders] for recipe in recipes]
    return lay_out(rows, seeds=seeds, runs=runs, device=device, threads=threads, precision=precision)


def lay_out(
    rows: Sequence[Sequence[Cell]],
    *,
    seeds: int,
    runs: int,
    device: Literal["cpu", "cuda"],
    threads: int,
    precision: Precision = "float32",
) -> Plan:
    """Lay out rows of cells, every seed and run.

    Trials come in blocks of one seed and run, and each block starts a row with another cell:
    a machine that warms up or slows down meets all cells of a row alike, where "all of A, then
    all of B" would call its drift a difference.
    """
    blocks = [(seed, run) for run in range(1, runs + 1) for seed in range(1, seeds + 1)]
    return Plan(
        tuple(
            PlannedTrial(_trial(cell, seed, run if runs > 1 else None, device, threads, precision), cell[0], run)
            for block, (seed, run) in enumerate(blocks)
            for row in rows
            for cell in _rotated(row, block)
        )
    )


def with_parity(planned: Plan) -> Plan:
    """Add parity trials, of the first seed, where contenders of a recipe can be held beside each other step by step."""
    stepwise = [recipe.name for _, recipe in planned.cells if not not_stepwise(recipe)]
    trials = [each for each in planned.trials if stepwise.count(each.trial.recipe.name) > 1]
    first = [each for each in trials if (each.trial.seed, each.run) == (1, 1)]
    added = [_parity(each, run) for run in range(1, PARITY_RUNS + 1) for each in first]
    return Plan((*planned.trials, *added))


def _parity(each: PlannedTrial, run: int) -> PlannedTrial:
    trial = replace(each.trial, id=".".join([*_name(each.contender, each.trial.recipe, 1), f"parity{run}"]), norms=True)
    return PlannedTrial(trial, each.contender, run, "parity")


def _rotated(cells: Sequence[Cell], by: int) -> Iterable[Cell]:
    by %= len(cells)
    return (*cells[by:], *cells[:by])


def _trial(
    cell: Cell, seed: int, run: int | None, device: Literal["cpu", "cuda"], threads: int, precision: Precision
) -> Trial:
    contender, recipe = cell
    return Trial(
        id=".".join([*_name(contender, recipe, seed), *([f"r{run}"] if run else [])]),
        contender=contender.written,
        recipe=recipe,
        seed=seed,
        device=device,
        modes=list(contender.modes),
        threads=threads,
        precision=precision,
    )


def _name(contender: Contender, recipe: Recipe, seed: int) -> tuple[str, str, str]:
    return contender.slug, recipe.name, f"s{seed}"
