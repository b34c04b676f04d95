"""On which line of a TOML file a key stands: `tomllib` does not say. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.spec.fault import Place

LONGEST_STATEMENT = 1000
"""Lines: each one is parsed again with those before it."""


def find_lines(text: str) -> dict[Place, int]:
    """Return the line, from 1, of each section and key of a text that is TOML.

    The places within a list or an inline table have the line on which it starts.
    """
    found: dict[Place, int] = {}
    section: Place = ()
    lengths: dict[Place, int] = {}  # of arrays of tables, by their place
    for line, statement, content in _statements(text):
        if statement.lstrip().startswith("["):
            section = _section(content, lengths)
            found.setdefault(section, line)
            found.setdefault(section[:1], line)
        else:
            for place in _places(content, section):
                found.setdefault(place, line)
    return found


def line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    """Return the line of a place, or of the nearest section around it; None for a place that the file lacks whole."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield line, text and content of each header and each key with its value.

    A statement by itself is TOML too, and one that goes on over several lines is not before its last line. What
    follows a statement that is too long is left out.
    """
    start, held = 1, ""
    for line, one in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        held = f"{held}\n{one}" if held else one
        try:
            content = tomllib.loads(held)
        except tomllib.TOMLDecodeError:
            if line - start < LONGEST_STATEMENT:
                continue
            return
        if content:
            yield start, held, content
        start, held = line + 1, ""


def _section(content: Mapping[str, Any], lengths: dict[Place, int]) -> Place:
    """Return the place of a header; [[layers]] is the next of the layers."""
    place: Place = ()
    value: Any = content
    while value:
        if isinstance(value, list):
            lengths[place] = lengths.get(place, 0) + 1
            return (*place, lengths[place] - 1)
        key, value = next(iter(value.items()))
        place = (*place, key)
        if isinstance(value, dict) and place in lengths:  # [layers.x] is in the last of the layers
            place = (*place, lengths[place] - 1)
    return place


def _places(value: Any, place: Place) -> Iterator[Place]:
    """Yield the places of all keys of a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key)
            yield from _places(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*place, index))
