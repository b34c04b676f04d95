"""Plans of contenders and recipes that a test brings itself, resolved without looking for files or hardware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.plan.plan import Plan, make_plan
from orchestrator.spec.contenders import Contender
from orchestrator.spec.resolve import ResolvedSpec
from orchestrator.spec.spec import Spec
from shared.recipe import Recipe


def resolve_as(
    contenders: Sequence[Contender], recipes: Sequence[Recipe], threads: int = 2, **asked: Any
) -> ResolvedSpec:
    """Resolve a spec to these contenders and recipes on the CPU; `asked` are fields of the spec."""
    return ResolvedSpec(
        spec=Spec(**asked),
        contenders=tuple(contenders),
        reference=contenders[0],
        recipes=tuple(recipes),
        device="cpu",
        variant="cpu",
        gpu=None,
        threads=threads,
        profile="custom",
        profile_reason="of a test",
        quick=False,
    )


def plan_of(
    contenders: Sequence[Contender],
    recipes: Sequence[Recipe],
    threads: int = 2,
    order_seed: int | None = None,
    **asked: Any,
) -> Plan:
    """Plan these contenders and recipes, as asked for without a seed; parity trials only where they are asked for."""
    return make_plan(resolve_as(contenders, recipes, threads, **{"parity": False, **asked}), order_seed)
