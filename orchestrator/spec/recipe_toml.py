"""A recipe as the TOML file that it can be read from: `recipes.load` of it gives the same recipe. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from shared.recipe import Recipe


def to_toml(recipe: Recipe) -> str:
    """Write a recipe; what is None is left out, as a file leaves it out."""
    document = asdict(recipe)
    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    lines = [f"{name} = {_value(value)}" for name, value in document.items() if isinstance(value, str)]
    for layer in document["layers"]:
        lines += ["", "[[layers]]", *_pairs(layer)]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name} = {_value(value)}" for name, value in table.items() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(_pairs(value))} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(
            "\x7f", "\\u007f"
        )  # JSON's strings are TOML's but for this letter
    return json.dumps(value)
