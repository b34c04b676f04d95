"""Which trials of a plan may take turns: the contenders of one recipe, seed and run. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.engines.engine import Prepared
from orchestrator.plan.plan import PlannedTrial

FEWEST = 2


def blocks(trials: Sequence[PlannedTrial], prepared: Mapping[str, Prepared]) -> list[tuple[PlannedTrial, ...]]:
    """Cut a plan's trials, in their order, into those that take turns with each other, and single ones.

    Trials that take turns say so in their documents. `prepared` has by name what is ready: a worker that does not say
    that it takes turns trains by itself, and parity trials do, whose speed is not counted.
    """
    groups = [tuple(group) for _, group in itertools.groupby(trials, _place)]
    return [block for group in groups for block in _by_turns(group, prepared)]


def _place(planned: PlannedTrial) -> tuple[str, str, int, int]:
    return planned.role, planned.trial.recipe.name, planned.trial.seed, planned.run


def _by_turns(group: Sequence[PlannedTrial], prepared: Mapping[str, Prepared]) -> list[tuple[PlannedTrial, ...]]:
    able = [planned for planned in group if takes_turns(planned, prepared)]
    if len(able) < FEWEST:
        return [(planned,) for planned in group]
    together = tuple(replace(planned, trial=replace(planned.trial, turns=True)) for planned in able)
    return [together, *((planned,) for planned in group if planned not in able)]


def takes_turns(planned: PlannedTrial, prepared: Mapping[str, Prepared]) -> bool:
    ready = prepared.get(planned.contender.written)
    return planned.role == "measured" and ready is not None and ready.takes_turns
