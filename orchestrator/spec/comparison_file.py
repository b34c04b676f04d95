"""Writes a comparison file: every key of a comparison with what it means, those that keep their default commented out.

`orchestrator.spec.spec.read_spec` reads such files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from orchestrator.spec.option import Argument, Option, declarations
from orchestrator.spec.spec import Spec

_HEAD = (
    "# A comparison. Run it with `bakeoff compare FILE`; `bakeoff compare FILE --plan` shows what that takes.",
    "# A key with a # in front of it has its default; every key may be left out.",
)

_NEEDS_A_VALUE = "  # not set"


def write(spec: Spec) -> str:
    """Return the text of a file that asks for this comparison."""
    return "\n".join([*_HEAD, *_sections(spec)]) + "\n"


def _sections(spec: Spec) -> Iterator[str]:
    for name, declared in declarations(Spec).items():
        given, default = getattr(spec, name), Spec.model_fields[name].default
        yield f"\n# {_meaning(declared[0])}"
        if isinstance(declared[0], Argument) or name == "recipes":  # what is compared is said always
            yield _pair(name, given)
        else:
            yield (_pair(name, given) if given != default else f"# {_pair(name, default)}")


def _meaning(declared: Option | Argument) -> str:
    kind = "Contenders: " if isinstance(declared, Argument) else ""
    return kind + declared.help.partition("; default:")[0].removesuffix(".") + "."


def _pair(name: str, value: Any) -> str:
    """Write a key and its value; a text, number, switch or list is the same in TOML as in JSON."""
    if value is None:
        return f"{name} ={_NEEDS_A_VALUE}"
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"
