"""The base of all values: frozen, and changed only in fields that exist, to what fits."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orchestrator.stream.intake import EventCounts


def test_a_field_is_replaced_in_a_copy() -> None:
    counts = EventCounts(received=7, lost=1)
    assert counts.replace(lost=2) == EventCounts(received=7, lost=2)
    assert counts.lost == 1


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="recieved"):  # codespell:ignore recieved
        EventCounts().replace(recieved=7)  # codespell:ignore recieved


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError, match="received"):
        EventCounts().replace(received="seven")
