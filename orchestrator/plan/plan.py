"""Which trials, in which order: pure."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.plan.block_order import draw_order
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

    @property
    def block(self) -> tuple[int, int]:
        """Return run and seed: what is measured of one block is compared with nothing else."""
        return self.run, self.trial.seed


@dataclass(frozen=True)
class Plan:
    """Trials in the order of running."""

    trials: tuple[PlannedTrial, ...]
    cells: tuple[Cell, ...]  # each pair of contender and recipe once, in the order in which they were asked for
    order_seed: int | None = None  # that the order within blocks was drawn from; None: as asked for
    walk: Walk | None = None  # that the trials are of, where the spec asks to explain
    until_decided: bool = False  # measured trials may end at a look: these are the most there may be

    @property
    def drawn_from(self) -> int:
        """Return the seed of the order within blocks; ValueError of a plan that was made to be looked at."""
        if self.order_seed is None:
            raise ValueError("the order within blocks was not drawn")
        return self.order_seed

    @property
    def contenders(self) -> tuple[Contender, ...]:
        return tuple(dict.fromkeys(contender for contender, _ in self.cells))

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        return tuple({recipe.name: recipe for _, recipe in self.cells}.values())

    @property
    def slug(self) -> str:
        """Return the part of the run folder's name that says what is run."""
        return self.walk.slug if self.walk else "-vs-".join(dict.fromkeys(each.name for each in self.contenders))[:60]


def draw_seed() -> int:
    """Return a fresh seed for the order within blocks, of as many bits as a JSON number keeps."""
    return secrets.randbits(53)


def make_plan(resolved: ResolvedSpec, order_seed: int | None) -> Plan:
    """Plan every contender × recipe × seed × run, or the cells of a walk where the spec asks to explain.

    The order within blocks is drawn from `order_seed`; without one, to be looked at, it is as asked for.
    Raises UsageError where there is no walk between the ends.
    """
    if isinstance(resolved.spec, ExplainSpec):
        return _walk_plan(resolved, resolved.spec, order_seed)
    return _cross_plan(resolved, order_seed)


def _cross_plan(resolved: ResolvedSpec, order_seed: int | None) -> Plan:
    """Plan the contenders of a recipe side by side, then the parity trials unless they were declined."""
    rows = [[(contender, recipe) for contender in resolved.contenders] for recipe in resolved.recipes]
    cells = tuple(cell for row in rows for cell in row)
    measured = arrange(rows, resolved, order_seed)
    trials = (*measured, *(_parity_trials(measured, cells) if resolved.spec.parity else ()))
    return Plan(trials, cells, order_seed, until_decided=resolved.spec.until_decided)


def _walk_plan(resolved: ResolvedSpec, spec: ExplainSpec, order_seed: int | None) -> Plan:
    """Plan the cells of a walk as one row, so that each seed meets them in another order."""
    contenders, recipes = resolved.contenders, resolved.recipes
    walk = make_walk((contenders[0], recipes[0]), (contenders[-1], recipes[-1]), spec.paths)
    return Plan(arrange([walk.cells], resolved, order_seed), walk.cells, order_seed, walk)


def arrange(rows: Sequence[Sequence[Cell]], resolved: ResolvedSpec, order_seed: int | None) -> tuple[PlannedTrial, ...]:
    """Order rows of cells, every seed and run.

    Trials come in blocks of one seed and run. Within a block the order of a row is drawn by lot, anew for each block:
    whatever the machine does meanwhile, a coin decides which cell it meets.
    """
    seeds, runs = resolved.spec.seeds, resolved.spec.runs_planned
    blocks = [(seed, run) for run in range(1, runs + 1) for seed in range(1, seeds + 1)][: resolved.spec.blocks]
    orders = [_orders(row, len(blocks), order_seed, number) for number, row in enumerate(rows)]
    return tuple(
        PlannedTrial(_trial(cell, seed, run if runs > 1 else None, resolved), cell[0], run)
        for block, (seed, run) in enumerate(blocks)
        for order in orders
        for cell in order[block]
    )


def _orders(row: Sequence[Cell], blocks: int, order_seed: int | None, number: int) -> Sequence[Sequence[Cell]]:
    """Return a row's order in each block; rows draw from seeds of their own, so that none follows another."""
    return [row] * blocks if order_seed is None else draw_order(row, blocks, order_seed + number)


def _parity_trials(measured: Sequence[PlannedTrial], cells: Sequence[Cell]) -> list[PlannedTrial]:
    """Plan parity trials, of the first seed, where contenders of a recipe can be held beside each other by step."""
    stepwise = [recipe.name for _, recipe in cells if not not_stepwise(recipe)]
    first = [
        planned
        for planned in measured
        if stepwise.count(planned.trial.recipe.name) > 1 and (planned.trial.seed, planned.run) == (1, 1)
    ]
    return [_parity_trial(planned, run) for run in range(1, PARITY_RUNS + 1) for planned in first]


def _parity_trial(planned: PlannedTrial, run: int) -> PlannedTrial:
    name = ".".join([*_name(planned.contender, planned.trial.recipe, 1), f"parity{run}"])
    return PlannedTrial(replace(planned.trial, id=name, norms=True), planned.contender, run, "parity")


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
