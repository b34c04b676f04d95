"""A moment is a date, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec.since import moment

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T15:30", datetime(2026, 11, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20T15:30+02:00", datetime(2026, 11, 20, 13, 30, tzinfo=UTC)),
        ("30m", datetime(2026, 11, 26, 14, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 26, 3, 0, tzinfo=UTC)),
        (" 7d ", datetime(2026, 11, 19, 15, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 12, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_date_and_a_length_of_time_are_moments(given: str, meant: datetime) -> None:
    assert moment(given, NOW) == meant


@pytest.mark.parametrize("given", ["yesterday", "", "7", "7 days", "-1d", "2026-13-01", "999999w"])
def test_anything_else_is_refused_and_says_what_to_write(given: str) -> None:
    with pytest.raises(UsageError, match="is no moment in time") as refused:
        moment(given, NOW)
    assert "7d" in refused.value.remedy
