"""Which trials, in which order: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.plan.factors import Cell
from orchestrator.plan.walk import Walk, make_walk
from orchestrator.spec.contenders import Contender
from orchestrator.spec.resolve import ResolvedSpec
from orchestrator.spec.spec import ExplainSpec
from orchestrator.spec.tracks import not_stepwise
from shared.recipe import Recipe
from shared.trial import Trial

Role = Literal["measured", "parity"]
"""A parity trial keeps every step's norms, which cost time: its speed is not counted."""

PARITY_RUNS = 2
"""The same container twice: a difference between contenders counts only beyond that of one contender from itself."""


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
    walk: Walk | None = None  # that the trials are of, where the spec asks to explain

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

    @property
    def slug(self) -> str:
        """Return the part of the run folder's name that says what is run."""
        return self.walk.slug if self.walk else "-vs-".join(dict.fromkeys(each.name for each in self.contenders))[:60]


def make_plan(resolved: ResolvedSpec) -> Plan:
    """Plan every contender × recipe × seed × run, or the cells of a walk where the spec asks to explain.

    Raises UsageError where there is no walk between the ends.
    """
    return _walk_plan(resolved, resolved.spec) if isinstance(resolved.spec, ExplainSpec) else _cross_plan(resolved)


def _cross_plan(resolved: ResolvedSpec) -> Plan:
    """Plan the contenders of a recipe side by side, then the parity trials unless they were declined."""
    rows = [[(contender, recipe) for contender in resolved.contenders] for recipe in resolved.recipes]
    measured = arrange(rows, resolved, resolved.spec.runs)
    return Plan((*measured, *(_parity_trials(measured) if resolved.spec.parity else ())))


def _walk_plan(resolved: ResolvedSpec, spec: ExplainSpec) -> Plan:
    """Plan the cells of a walk as one row, so that each seed starts it with another cell."""
    contenders, recipes = resolved.contenders, resolved.recipes
    walk = make_walk((contenders[0], recipes[0]), (contenders[-1], recipes[-1]), spec.paths)
    return Plan(arrange([walk.cells], resolved, runs=1), walk)


def arrange(rows: Sequence[Sequence[Cell]], resolved: ResolvedSpec, runs: int) -> tuple[PlannedTrial, ...]:
    """Order rows of cells, every seed and run.

    Trials come in blocks of one seed and run, and each block starts a row with another cell:
    a machine that warms up or slows down meets all cells of a row alike, where "all of A, then
    all of B" would call its drift a difference.
    """
    blocks = [(seed, run) for run in range(1, runs + 1) for seed in range(1, resolved.spec.seeds + 1)]
    return tuple(
        PlannedTrial(_trial(cell, seed, run if runs > 1 else None, resolved), cell[0], run)
        for block, (seed, run) in enumerate(blocks)
        for row in rows
        for cell in _rotate(row, block)
    )


def _parity_trials(measured: Sequence[PlannedTrial]) -> list[PlannedTrial]:
    """Plan parity trials, of the first seed, where contenders of a recipe can be held beside each other by step."""
    stepwise = [recipe.name for _, recipe in Plan(tuple(measured)).cells if not not_stepwise(recipe)]
    first = [
        planned
        for planned in measured
        if stepwise.count(planned.trial.recipe.name) > 1 and (planned.trial.seed, planned.run) == (1, 1)
    ]
    return [_parity_trial(planned, run) for run in range(1, PARITY_RUNS + 1) for planned in first]


def _parity_trial(planned: PlannedTrial, run: int) -> PlannedTrial:
    name = ".".join([*_name(planned.contender, planned.trial.recipe, 1), f"parity{run}"])
    return PlannedTrial(replace(planned.trial, id=name, norms=True), planned.contender, run, "parity")


def _rotate(cells: Sequence[Cell], by: int) -> Sequence[Cell]:
    by %= len(cells)
    return (*cells[by:], *cells[:by])


def _trial(cell: Cell, seed: int, run: int | None, resolved: ResolvedSpec) -> Trial:
    contender, recipe = cell
    return Trial(
        id=".".join([*_name(contender, recipe, seed), *([f"r{run}"] if run else [])]),
        contender=contender.written,
        recipe=recipe,
        seed=seed,
        device=resolved.device,
        modes=list(contender.modes),
        threads=resolved.threads,
        precision=resolved.spec.precision,
    )


def _name(contender: Contender, recipe: Recipe, seed: int) -> tuple[str, str, str]:
    return contender.slug, recipe.name, f"s{seed}"
