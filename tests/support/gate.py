"""A second reader of accepted lines: `json.loads` alone."""

from __future__ import annotations

import json

from orchestrator.stream.contract import NumberedEvent
from shared.events import CONTRACT_VERSION


def check_against_json(numbered: NumberedEvent) -> None:
    """Hold an accepted event to its line: each member is what `json.loads` reads, and no member was made up."""
    members = json.loads(numbered.line)
    envelope = {name: members.pop(name) for name in ("v", "trial", "seq", "t", "event")}
    assert tuple(envelope.values()) == (CONTRACT_VERSION, *numbered[:3], numbered.event.kind), numbered.line
    assert type(numbered.event)(**members) == numbered.event, numbered.line
