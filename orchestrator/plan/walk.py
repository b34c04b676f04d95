"""The walk from one cell to another: its orders of factors and the cells they pass. Pure.

A cell on the way is known by the set of factors taken so far, so orders that pass the same set share the cell.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, permutations

from orchestrator.errors import UsageError
from orchestrator.plan.factors import FRAMEWORK, GRAINS, Cell, Draft, Factor, Grain, differing_factors, drafts
from orchestrator.spec.fault import Fault
from orchestrator.spec.recipe_checks import semantic_errors
from shared.recipe import Quick, Recipe

Order = tuple[str, ...]  # names of factors

LONGEST_NAME = 64  # of a recipe
MOST_FACTORS = 40  # where layers make more, they are told apart less finely
MOST_CELLS_TRIED = 2000  # in search of the first order
DRAWS_PER_ORDER = 100
"""Where most orders pass a recipe that cannot be trained, drawing stops here."""


@dataclass(frozen=True)
class Walk:
    """A walk. Every order takes every factor once; the first is the table's, or the nearest that can be trained."""

    start: Cell
    end: Cell
    factors: tuple[Factor, ...]
    orders: tuple[Order, ...]

    @property
    def exhaustive(self) -> bool:
        """Tell whether these are all the orders there are."""
        return len(self.orders) == math.factorial(len(self.factors))

    @property
    def title(self) -> str:
        (first_contender, first_recipe), (last_contender, last_recipe) = self.start, self.end
        return f"{first_recipe.name} in {first_contender.written} → {last_recipe.name} in {last_contender.written}"

    @property
    def slug(self) -> str:
        return f"explain-{self.start[1].name[:40]}-{self.end[1].name[:40]}"

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return every cell, each once, in the order in which they are met."""
        cells = (cell for order in self.orders for cell in self.stops(order))
        return tuple({(contender, recipe.name): (contender, recipe) for contender, recipe in cells}.values())

    def stops(self, order: Order) -> tuple[Cell, ...]:
        """Return the cells that an order passes: one more than it has factors."""
        return tuple(self.cell(order[:at]) for at in range(len(order) + 1))

    def cell(self, taken: Collection[str]) -> Cell:
        """Return the start with these factors of the end."""
        draft, end = self._drafts
        for factor in self.factors:
            if factor.name in taken:
                draft = factor.take(draft, end)
        contender, recipe = draft.cell
        return contender, self._with_name(recipe, taken)

    @cached_property
    def _drafts(self) -> tuple[Draft, Draft]:
        return drafts(self.start, self.end)

    def faults(self, taken: Collection[str]) -> list[Fault]:
        """Say why a cell cannot be trained. Its sizes are applied, so quick limits say nothing more."""
        return list(semantic_errors(dataclasses.replace(self.cell(taken)[1], quick=Quick())))

    def _with_name(self, recipe: Recipe, taken: Collection[str]) -> Recipe:
        """Name a recipe on the way; the ends keep theirs, so that their trials are those of a comparison."""
        start, end = self.start[1], self.end[1]
        factors = [factor for factor in self.factors if factor.name != FRAMEWORK]
        taken_factors = [factor for factor in factors if factor.name in taken]
        if len(taken_factors) in (0, len(factors)):
            return end if taken_factors else start
        name = ".".join((start.name, *(factor.name for factor in taken_factors)))
        if len(name) > LONGEST_NAME:
            name = f"{start.name[:40]}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        titles = ", ".join(factor.title for factor in taken_factors)
        return dataclasses.replace(recipe, name=name, title=f"{start.name} with {end.name}'s {titles}", quick=Quick())


def make_walk(start: Cell, end: Cell, count: int = 1) -> Walk:
    """Plan a walk along `count` orders, or along all where there are no more.

    Raises UsageError where the cells do not differ, or where every order passes a recipe that cannot be trained.
    Other orders through such a recipe are left out, and layers that can only be taken together are one factor.
    """
    if not differing_factors(start, end):
        raise UsageError("the two ends do not differ: there is nothing to explain", "name two recipes, or another --to")
    first = next(filter(None, (_in_first_order(start, end, grain) for grain in GRAINS)), None)
    if first is None:
        raise _untrainable(start, end)
    return dataclasses.replace(first, orders=tuple(islice(_orders(first, count), count)))


def _in_first_order(start: Cell, end: Cell, grain: Grain) -> Walk | None:
    """Return the walk along the table's order, or the order nearest to it that can be trained; None for none."""
    factors = differing_factors(start, end, grain)
    walk = Walk(start, end, factors, (tuple(factor.name for factor in factors),))
    order = _first_order(walk) if len(factors) <= MOST_FACTORS else None
    if order is None:
        return None
    by_name = {factor.name: factor for factor in factors}
    return dataclasses.replace(walk, factors=tuple(by_name[name] for name in order), orders=(order,))


def _first_order(walk: Walk) -> Order | None:
    """Search the orders depth first, each step by the table; a set of factors that leads nowhere is met once."""
    names = walk.orders[0]
    met: set[frozenset[str]] = set()

    def rest(taken: Order) -> Order | None:
        if len(taken) == len(names):
            return taken
        for name in names:
            cell = frozenset((*taken, name))
            if name in taken or cell in met or len(met) >= MOST_CELLS_TRIED:
                continue
            met.add(cell)
            if len(cell) < len(names) and walk.faults(cell):
                continue
            if order := rest((*taken, name)):
                return order
        return None

    return rest(())


def _untrainable(start: Cell, end: Cell) -> UsageError:
    factors = differing_factors(start, end)
    walk = Walk(start, end, factors, (tuple(factor.name for factor in factors),))
    faults = [f"{factor.title}: {fault}" for factor in factors for fault in walk.faults((factor.name,))[:1]]
    return UsageError(
        "no order of the walk was found in which every recipe can be trained; taken first, these settings cannot",
        "make the two recipes alike in one of these settings",
        faults,
    )


def _orders(first: Walk, count: int) -> Iterator[Order]:
    """Yield different orders, the first one first: all there are, or uniform draws.

    The draws are the same every time and a longer walk begins with a shorter one's, so that its cells are reused:
    the numbers of `random.Random(0).random` are what Python promises to keep.
    """
    names = first.orders[0]
    if count >= math.factorial(len(names)):
        yield from (order for order in permutations(names) if _is_trainable(first, order))
        return
    draw = random.Random(0).random
    drawn = (tuple(sorted(names, key=lambda _: draw())) for _ in range(DRAWS_PER_ORDER * (count - 1)))
    seen = {names}
    yield names
    for order in drawn:
        if order not in seen and _is_trainable(first, order):
            seen.add(order)
            yield order


def _is_trainable(first: Walk, order: Order) -> bool:
    return not any(first.faults(order[:at]) for at in range(1, len(order)))
