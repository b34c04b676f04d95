"""A moment in the past as a person writes it: a date, a date with its time, or how long ago. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from orchestrator.errors import UsageError

_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that is meant; a date without a zone is UTC's, as the names of runs are.

    Raises UsageError for what is neither a date nor a length of time.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text[:60]} is no moment in time", "write 2026-11-20, 2026-11-20T15:30, or 30m, 12h, 7d, 2w"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
