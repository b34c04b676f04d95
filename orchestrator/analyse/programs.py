"""How the recipes of a comparison are written in each of its frameworks, with counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.analyse.syntax_counts import Program, make_program
from orchestrator.spec import program
from orchestrator.spec.contenders import offered_contenders
from shared.recipe import Recipe


def programs(recipes: Iterable[Recipe], contenders: Sequence[str]) -> tuple[Program, ...]:
    """Write each recipe in each framework that has a template, by contender names: those of ready images have none."""
    offered = offered_contenders()
    named = [name for name in dict.fromkeys(contenders) if program.has_program(name)]
    return tuple(
        make_program(recipe.name, name, offered[name].title, program.render(recipe, name))
        for recipe in recipes
        for name in named
    )
