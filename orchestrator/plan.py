"""Which trials, in which order: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.contenders import Contender
from shared.recipe import Recipe
from shared.trial import Trial


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
    """Lay out every contender × recipe × seed × run.

    Trials come in blocks of one seed and run, and each block starts with another contender:
    a machine that warms up or slows down meets all contenders alike, where "all of A, then
    all of B" would call its drift a difference.
    """
    blocks = [(seed, run) for run in range(1, runs + 1) for seed in range(1, seeds + 1)]
    return Plan(
        tuple(
            _planned(contender, recipe, seed, run, runs, device, threads)
            for block, (seed, run) in enumerate(blocks)
            for recipe in recipes
            for contender in _rotated(contenders, block)
        )
    )


def _rotated(contenders: Sequence[Contender], by: int) -> Iterable[Contender]:
    by %= len(contenders)
    return (*contenders[by:], *contenders[:by])


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
