"""What a comparison is called and how it is described, before it runs: pure."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.analyse.summary import Cell, Comparison
from orchestrator.engines.engine import Engine
from orchestrator.plan.plan import Plan
from orchestrator.plan.walk import Walk
from orchestrator.spec.resolve import ResolvedSpec, title
from orchestrator.spec.tracks import not_stepwise, track


def describe(
    settings: ResolvedSpec, trials: Plan, engine: Engine, notice: str, run_id: str, way: Walk | None = None
) -> Comparison:
    """Say what is compared, before it runs; `way` is given where that is a walk."""
    crossed = len(settings.recipes) > 1 and len(settings.contenders) > 1
    return Comparison(
        id=run_id,
        title=way.title if way else title(settings),
        kind="walk" if way else "crossover" if crossed else "comparison",
        command=settings.spec.command,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        ended_at=None,
        profile=settings.profile,
        profile_reason=settings.profile_reason,
        full_size_command=settings.full_size_command,
        engine=engine.name,
        engine_notice=notice,
        device=settings.gpu.name if settings.gpu else "cpu",
        reference=settings.contenders[0].written,
        cells=tuple(
            Cell(
                contender=contender.written,
                title=contender.title,
                colour=contender.colour,
                recipe=recipe.name,
                recipe_title=recipe.title,
                track=track(recipe),
                not_stepwise=not_stepwise(recipe),
            )
            for contender, recipe in trials.cells
        ),
        seeds=tuple(range(1, settings.spec.seeds + 1)),
        runs=settings.spec.runs,
        precision=settings.spec.precision,
    )
