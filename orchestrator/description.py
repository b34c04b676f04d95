"""What a comparison is called and how it is described, before it runs: pure."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.explain.walk import Walk
from orchestrator.plan import Plan
from orchestrator.relaxations import told
from orchestrator.settings import Settings
from orchestrator.summary import Cell, Comparison
from orchestrator.tracks import not_stepwise, track
from orchestrator.world import World


def describe(settings: Settings, trials: Plan, world: World, run_id: str, way: Walk | None = None) -> Comparison:
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
        engine=world.engine.name,
        engine_notice=world.engine_notice,
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


def title(settings: Settings) -> str:
    contenders = " and ".join(contender.written for contender in settings.contenders)
    return f"{contenders} on {', '.join(recipe.name for recipe in settings.recipes)}"


def heading(settings: Settings) -> str:
    """Return the first line of the console and of the report: the size, why, and the way to the full one."""
    full = settings.full_size_command
    return f"{settings.profile} size, {settings.profile_reason}" + (f"; full size: {full}" if full else "")


def surroundings(settings: Settings, world: World) -> str:
    device = settings.gpu.name if settings.gpu else f"CPU with {settings.threads} threads"
    spared = [f"{written} relaxed by {told(words)}" for written, words in relaxed(settings).items()]
    return ", ".join([f"{world.engine.name} engine", device, *(spared if world.engine.name == "docker" else [])])


def relaxed(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return which restrictions contenders ask to be spared, by their written name."""
    return {each.written: each.relax for each in settings.contenders if each.relax}


def slug(settings: Settings) -> str:
    names = dict.fromkeys(contender.name for contender in settings.contenders)
    return "-vs-".join(names)[:60]
