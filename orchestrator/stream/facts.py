"""facts.json of a container, read as hostile input: bounded, strict JSON of texts alone, FactsError for any fault."""

from __future__ import annotations

from orchestrator.stream import contract
from shared.facts import NAME_LIMIT, VALUE_LIMIT

BYTES_LIMIT = 256 * 2**10
FACTS_LIMIT = 2000


class FactsError(ValueError):
    """The bytes are no such file; the text goes on from the file's name."""


def read(content: bytes) -> dict[str, str]:
    """Read a worker's facts by name; FactsError, and nothing else, for anything but an object of texts."""
    if len(content) > BYTES_LIMIT:
        raise FactsError(f"is larger than {BYTES_LIMIT} bytes")
    try:
        facts = contract.parse_object(content)
    except contract.RejectedLineError as rejection:
        raise FactsError(f"is refused: {rejection}") from None
    if len(facts) > FACTS_LIMIT:
        raise FactsError(f"holds more than {FACTS_LIMIT} facts")
    if not all(0 < len(name) <= NAME_LIMIT for name in facts):
        raise FactsError(f"holds a name that is empty or longer than {NAME_LIMIT} characters")
    if not all(isinstance(value, str) and len(value) <= VALUE_LIMIT for value in facts.values()):
        raise FactsError(f"holds a value that is no text of up to {VALUE_LIMIT} characters")
    return facts
