"""What a comparison is expected to take and to find on this machine, said before it starts. Pure.

Minutes come from earlier runs of the same contenders and recipes here, else from a calibration; what can be found comes
from the calibration that is nearest to it. Where neither is there, nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.decide_plan import Cost, trial_seconds
from orchestrator.analyse.machine_floor import expectation
from orchestrator.record.floor import Floor
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.spec.margin import fraction
from orchestrator.spec.resolve import ResolvedSpec

Costs = Mapping[str, Mapping[str, Cost]]
"""By recipe and contender."""


def rule_of(resolved: ResolvedSpec) -> ClaimRule:
    """Return how a comparison will be judged."""
    comparisons = (len(resolved.contenders) - 1) * len(resolved.recipes)
    return ClaimRule(max(1, comparisons), fraction(resolved.spec.margin), resolved.spec.until_decided)


def planning_lines(resolved: ResolvedSpec, known: Costs, floor: Floor | None) -> tuple[str, ...]:
    """Say minutes where they are known, and what can be found; nothing of a run that claims nothing."""
    rule, blocks = rule_of(resolved), resolved.spec.blocks
    if len(resolved.contenders) < 2 or blocks < rule.fewest_blocks:
        return ()
    return (*_minutes(resolved, known, rule), *([expectation(floor, rule, blocks)] if floor else []))


def _minutes(resolved: ResolvedSpec, known: Costs, rule: ClaimRule) -> tuple[str, ...]:
    seconds = block_seconds(resolved, known)
    if seconds is None:
        return ()
    how = "by what trials took on this machine"
    if not rule.until_decided:
        return (f"{_about(resolved.spec.blocks * seconds)} for {resolved.spec.blocks} blocks, {how}",)
    first = rule.fewest_blocks
    return (
        f"{_about(first * seconds)} to the look after {first} blocks, {_about(LOOKS[-1] * seconds)} at most, {how}",
    )


def block_seconds(resolved: ResolvedSpec, known: Costs) -> float | None:
    """Return what a block takes; None where a contender's cost in a recipe is not known."""
    total = 0.0
    for recipe in resolved.recipes:
        for contender in resolved.contenders:
            cost = known.get(recipe.name, {}).get(contender.written)
            if cost is None:
                return None
            total += trial_seconds(cost, recipe.data.train.images, recipe.training.epochs)
    return total


def _about(seconds: float) -> str:
    minutes = math.ceil(seconds / 60)
    return f"about {math.ceil(minutes / 60)} hours" if minutes > 120 else f"about {minutes} minutes"
