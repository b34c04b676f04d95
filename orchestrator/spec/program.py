"""A recipe as the plain program that a practitioner would write in a framework, from the template beside its worker.

`images/<name>/program/program.py.jinja` holds all that is the framework's; what every template needs stands here.
docs/programs.md says what a template gets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from orchestrator.errors import UsageError
from orchestrator.spec.contenders import IMAGES, offered_contenders
from shared.mnist import COLUMNS, FILES
from shared.recipe import Recipe, shapes

TEMPLATE = "program/program.py.jinja"
WIDTH = 100
"""Columns of a program: a call that does not fit is written with an argument a line."""


def has_program(name: str, images: Path = IMAGES) -> bool:
    """Tell whether a contender's folder holds the template of a program. No ready image has one."""
    return name in offered_contenders(images) and (images / name / TEMPLATE).is_file()


def render(recipe: Recipe, name: str, images: Path = IMAGES) -> str:
    """Return a recipe's program in a contender's framework; UsageError where that has no template."""
    if not has_program(name, images):
        known = [each for each in offered_contenders(images) if has_program(each, images)]
        remedy = f"contenders with programs: {', '.join(known)}; docs/programs.md says how to write a template"
        raise UsageError(f"{name} has no template of a program, images/{name}/{TEMPLATE}", remedy)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(images / name),
        undefined=jinja2.StrictUndefined,
        # Python, not HTML: what comes from a recipe's file is a number, a word that was checked, or passes `quoted`.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"quoted": quoted, "call": call}
    found = shapes(recipe)
    return environment.get_template(TEMPLATE).render(
        recipe=recipe,
        layers=list(zip(recipe.layers, found, strict=False)),  # each with the shape of its input
        shape=found[0],
        column=COLUMNS[recipe.data.view],
        files=dict(zip(("train", "test"), FILES, strict=True)),
        fan_in=fan_in,
    )


def quoted(text: str) -> str:
    """Return outside text so that it ends no docstring and shows no other order of letters than it has."""
    shown = "".join(letter for letter in text if letter.isprintable())
    return shown.replace("\\", "\\\\").replace('"', '\\"')


def call(function: str, given: Iterable[Any], indent: int = 0, after: str = "") -> str:
    """Write a call with the arguments as they stand, on one line where it fits, else one argument a line."""
    words = [str(each) for each in given]
    line = f"{function}({', '.join(words)}){after}"
    if indent + len(line) <= WIDTH:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{word},\n" for word in words)
    return f"{function}(\n{inner}{' ' * indent}){after}"


def fan_in(layer: Any, shape: tuple[int, ...]) -> int:
    """Return how many inputs a unit of a layer has: those that its kernel covers."""
    return math.prod(layer.weights(shape)["kernel"][:-1])
