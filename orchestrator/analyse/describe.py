"""The comparison as comparison.json describes it: what is compared, and how it ended. Pure but for the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.summary import Cell, Comparison
from orchestrator.engines.engine import Engine
from orchestrator.plan.plan import Plan
from orchestrator.record.manifest import Manifest
from orchestrator.record.record import Record, Status
from orchestrator.spec.contenders import Contender
from orchestrator.spec.margin import fraction
from orchestrator.spec.resolve import ResolvedSpec, title
from orchestrator.spec.spec import Spec
from orchestrator.spec.tracks import not_stepwise, track
from shared.recipe import Recipe


def describe(
    resolved: ResolvedSpec, plan: Plan, engine: Engine, notice: str, run_id: str, turn_seconds: float | None
) -> Comparison:
    """Say what is compared, before it runs."""
    crossed = len(resolved.recipes) > 1 and len(resolved.contenders) > 1
    return Comparison(
        id=run_id,
        title=plan.walk.title if plan.walk else title(resolved),
        kind="walk" if plan.walk else "crossover" if crossed else "comparison",
        command=resolved.spec.command,
        started_at=_now(),
        ended_at=None,
        profile=resolved.profile,
        profile_reason=resolved.profile_reason,
        full_size_command=resolved.full_size_command,
        engine=engine.name,
        engine_notice=notice,
        device=resolved.gpu.name if resolved.gpu else "cpu",
        claim_command=_claim_command(resolved, plan),
        reference=resolved.reference.written,
        margin=fraction(resolved.spec.margin),
        accuracy_margin=resolved.spec.accuracy_margin / 100,
        until_decided=resolved.spec.until_decided,
        order_seed=plan.drawn_from,
        turn_seconds=turn_seconds,
        cells=tuple(_describe_cell(*cell) for cell in plan.cells),
        seeds=tuple(range(1, resolved.spec.seeds + 1)),
        runs=resolved.spec.runs_planned,
        precision=resolved.spec.precision,
        spec=resolved.spec.model_dump(mode="json"),
    )


def _describe_cell(contender: Contender, recipe: Recipe) -> Cell:
    return Cell(
        contender=contender.written,
        title=contender.title,
        colour=contender.colour,
        recipe=recipe.name,
        recipe_title=recipe.title,
        track=track(recipe),
        not_stepwise=not_stepwise(recipe),
    )


def _claim_command(resolved: ResolvedSpec, plan: Plan) -> str | None:
    """Return the command of as many blocks as a claim takes; None where this run has enough, or compares nothing."""
    spec, comparisons = resolved.spec, (len(resolved.contenders) - 1) * len(resolved.recipes)
    if plan.walk or not comparisons:
        return None
    rule = ClaimRule(comparisons)
    if spec.blocks >= rule.fewest_blocks:
        return None
    return spec.replace(runs=rule.runs_of_a_claim(spec.seeds)).command


def mark_ended(comparison: Comparison, manifest: Manifest, records: Sequence[Record]) -> Comparison:
    """Note that every trial has a record: when, on how many hosts, and whether somebody interrupted the comparison."""
    return comparison.replace(
        ended_at=_now(),
        runs=_runs(comparison, records),
        seeds=_seeds(comparison, records),
        resumed_at=manifest.resumed_at,
        interrupted=any(record.status is Status.INTERRUPTED or record.cause == "detached" for record in records),
    )


def _runs(comparison: Comparison, records: Sequence[Record]) -> int:
    """Return how often each seed was run: with looks that is known at the end."""
    if not comparison.until_decided:
        return comparison.runs
    return max((record.run for record in records if record.role == "measured"), default=comparison.runs)


def _seeds(comparison: Comparison, records: Sequence[Record]) -> tuple[int, ...]:
    """Return the seeds that were run: with looks there may be fewer blocks than seeds that were planned."""
    if not comparison.until_decided:
        return comparison.seeds
    return tuple(sorted({record.seed for record in records if record.role == "measured"})) or comparison.seeds


def mark_resumed(comparison: Comparison) -> Comparison:
    """Note that an interrupted run is under way again: without it, one that is killed then would pass for ended."""
    return comparison.replace(ended_at=None)


def mark_extended(comparison: Comparison, resolved: ResolvedSpec) -> Comparison:
    """Note that a run of a fixed number of blocks goes on until all is decided."""
    spec = comparison.spec | {"runs": resolved.spec.runs, "until_decided": True}
    return comparison.replace(
        until_decided=True,
        claim_command=None,
        runs=resolved.spec.runs_planned,
        spec=spec,
        command=Spec.model_validate(spec).command,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
