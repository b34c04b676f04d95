"""A second reader of accepted lines: `json.loads` alone, told to refuse what the contract refuses."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from orchestrator.stream.contract import NumberedEvent
from shared.events import CONTRACT_VERSION


def check_against_json(numbered: NumberedEvent) -> None:
    """Hold an accepted event to its line: each member is what `json.loads` reads, and no member was made up."""
    members = json.loads(numbered.line, object_pairs_hook=_once, parse_constant=_refuse)
    assert members.pop("v") == CONTRACT_VERSION, numbered.line  # true and 1.0 are 1 to the gate
    envelope = [members.pop(name) for name in ("trial", "seq", "t", "event")]
    assert _same([*numbered[:3], numbered.event.kind], envelope), numbered.line
    assert _same(asdict(numbered.event), asdict(type(numbered.event)(**members))), numbered.line


def _same(told: Any, read: Any) -> bool:
    """Compare with types: True is no 1 and 1.0 is no 1, but a member that is a float may be written as 1."""
    if isinstance(told, dict):
        alike = isinstance(read, dict) and told.keys() == read.keys()
        return alike and all(_same(told[name], read[name]) for name in told)
    if isinstance(told, list | tuple):
        return isinstance(read, list) and len(told) == len(read) and all(map(_same, told, read))
    written_short = type(told) is float and type(read) is int
    return (type(told) is type(read) or written_short) and bool(told == read)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    assert len(members) == len(pairs), "a key stands twice"
    return members


def _refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")
