"""facts.json of a container, read as hostile input: strict JSON, texts alone, all bounded, one kind of failure."""

from __future__ import annotations

from orchestrator import contract

FILE = "facts.json"

LIMIT_BYTES = 256 * 2**10
LIMIT_FACTS = 2000
LIMIT_NAME = 120
LIMIT_VALUE = 1000  # characters; what a report can show


class FactsError(ValueError):
    """The bytes are no such file; the text goes on from the file's name."""


def read(content: bytes) -> dict[str, str]:
    """Read a worker's facts by name; FactsError, and nothing else, for anything but an object of texts."""
    if len(content) > LIMIT_BYTES:
        raise FactsError(f"is larger than {LIMIT_BYTES} bytes")
    try:
        found = contract.document(content)
    except contract.Refused as refusal:
        raise FactsError(f"is refused: {refusal}") from None
    if len(found) > LIMIT_FACTS:
        raise FactsError(f"holds more than {LIMIT_FACTS} facts")
    if not all(0 < len(name) <= LIMIT_NAME for name in found):
        raise FactsError(f"holds a name that is empty or longer than {LIMIT_NAME} characters")
    if not all(isinstance(value, str) and len(value) <= LIMIT_VALUE for value in found.values()):
        raise FactsError(f"holds a value that is no text of up to {LIMIT_VALUE} characters")
    return found
