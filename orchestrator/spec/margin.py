"""A margin as a person writes it: in percent, with the sign. Pure."""

from __future__ import annotations

import re
from typing import Any

from orchestrator.errors import UsageError

Percent = str
"""A share above 0 % and up to 100 %, as `percent` lets it through: "3%"."""

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
MOST = 100.0


def percent(given: Any) -> str:
    """Return a margin without blanks. Raises UsageError for a number without its unit, and for what is no share."""
    text = str(given).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        raise UsageError(f"--margin {text} has no unit", f"write {text}% if percent is what you mean")
    found = _PERCENT.fullmatch(text)
    if found is None or not 0 < float(found[1]) <= MOST:
        raise UsageError(
            f"--margin {text[:60]} is no share above 0% and up to 100%", "write it in percent: --margin 3%"
        )
    return f"{found[1]}%"


def fraction(margin: Percent) -> float:
    """Return a margin as a number: 0.03 of "3%"."""
    return float(margin.removesuffix("%")) / 100
