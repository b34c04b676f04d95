"""Decides whether the trials of a run take turns, and says why not where they do not."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.plan.plan import Plan
from orchestrator.run.block import FEWEST, blocks, takes_turns
from orchestrator.run.one_trial import TrialSetup
from orchestrator.spec.resolve import ResolvedSpec
from shared.recipe import Recipe

FRAMEWORK_BYTES = 1.5 * 2**30
"""Of a worker without its data: an imported framework, its threads' buffers, and an evaluation of a thousand images."""

_IMAGES = 70_000
_COPIES = 3  # of the data while it is loaded: as read, scaled, and in the framework's layout
_BYTES = {"float32": 4, "float64": 8}
_PIXELS = {"8x8": 64, "28x28": 784}


class TurnChoice(NamedTuple):
    """How trials are run: `seconds` a turn, None as a whole one after another; `notice` tells the user, or is ""."""

    seconds: float | None
    notice: str


def choose_turns(resolved: ResolvedSpec, plan: Plan, setup: TrialSetup, memory_bytes: int | None) -> TurnChoice:
    """Choose turns where contenders of a recipe are compared, all can live at once, and nothing speaks against it.

    `memory_bytes` is what the machine of the workers has, None where that is not known.
    """
    together = [block for block in blocks(plan.trials, setup.prepared) if len(block) >= FEWEST]
    measured = [planned for planned in plan.trials if planned.role == "measured"]
    if plan.walk or len(setup.prepared) < FEWEST or not measured:
        return TurnChoice(None, "")
    if not resolved.spec.relay:
        return TurnChoice(None, "trials run as a whole, one after another (--no-relay): their ratios scatter more")
    if setup.detach:
        return TurnChoice(None, "trials run as a whole, one after another: with --detach a worker must go on alone")
    unable = sorted({p.contender.written for p in measured if not takes_turns(p, setup.prepared)} & {*setup.prepared})
    if not together:
        which = ", ".join(unable) or "the contenders"
        return TurnChoice(None, f"trials run as a whole, one after another: {which} cannot take turns")
    needed = max(sum(needed_bytes(p.trial.recipe, p.trial.precision) for p in block) for block in together)
    if memory_bytes is not None and needed > memory_bytes:
        sizes = f"{needed / 2**30:.1f} GiB for all at once, {memory_bytes / 2**30:.1f} GiB there"
        return TurnChoice(None, f"trials run as a whole, one after another: too little memory to take turns ({sizes})")
    alone = f"; {', '.join(unable)} cannot, and trains as a whole" if unable else ""
    turn = f"{resolved.spec.turn_seconds:g} s"
    return TurnChoice(
        resolved.spec.turn_seconds,
        f"contenders of a recipe train by turns of about {turn}, in an order drawn by lot{alone}",
    )


def needed_bytes(recipe: Recipe, precision: str) -> float:
    """Estimate the memory of one worker, generously."""
    return FRAMEWORK_BYTES + _COPIES * _IMAGES * _PIXELS[recipe.data.view] * _BYTES[precision]
