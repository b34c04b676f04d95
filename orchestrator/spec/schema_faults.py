"""What pydantic found wrong in a file, in the words of its author. Pure.

`model_faults` serves files whose schema is a `Value`: a comparison, a contender. Recipes have kinds of layers and
optimisers besides, and `orchestrator.spec.recipe_schema` serves them with the same sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from orchestrator.spec.fault import Fault, Place, guess, written
from orchestrator.spec.toml_lines import find_lines, line_of

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")

_WORDS = {
    "Input should be an object": "should be a section of keys",
    "Input should be a valid dictionary": "should be a section of keys",
    "Input should be a valid array": "should be a list",
    "Input should be a valid tuple": "should be a list",
    "Input should be a valid string": "should be a text in quotes",
    "Input should be a valid integer": "should be a whole number",
    "Input should be a valid number": "should be a number",
    "Input should be a valid boolean": "should be true or false",
}
"""pydantic's words → those of a file. What is not here is told as pydantic has it."""


def model_faults(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    """Say what was found in a document of `model`."""
    for found in error.errors(include_url=False):
        place = tuple(found["loc"])
        if found["type"] in UNKNOWN_KEY:
            keys = _keys(model, place[:-1])
            told = f"there is no such key here{guess(place[-1], keys)}"
            yield Fault(place, told, given=written(found["input"]))
        else:
            yield Fault(place, value_fault(found))


def value_fault(found: Mapping[str, Any]) -> str:
    """Say what is wrong with the value of a known key."""
    if found["type"] == "missing":
        return "is missing: add it"
    message, given = str(found["msg"]), found["input"]
    told = next((mine for theirs, mine in _WORDS.items() if message.startswith(theirs)), message)
    told = told.replace("Input should", "should")
    told = told.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")
    near = guess(given, re.findall("'([^']*)'", message)) if found["type"] == "literal_error" else ""
    return f"{told}, not {written(given)}{near}"


def fault_lines(faults: Sequence[Fault], path: Path, text: str) -> list[str]:
    """Write faults one a line, in the order of the file, each with the file's name and its line."""
    lines = find_lines(text) if path.suffix != ".json" else {}
    numbered = [(line_of(fault.place, lines), fault) for fault in faults]
    numbered.sort(key=lambda each: each[0] or 0)
    return [f"{path.name}{f':{line}' if line else ''}: {fault}" for line, fault in numbered]


def _keys(model: Any, place: Place) -> list[str]:
    """Return the keys of the model that stands at a place of `model`."""
    for part in place:
        model = model.model_fields[part].annotation if hasattr(model, "model_fields") else get_args(model)[-1]
    return list(model.model_fields) if get_origin(model) is None else []
