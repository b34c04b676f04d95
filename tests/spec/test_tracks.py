"""What a report says of each track."""

from __future__ import annotations

from orchestrator.spec.tracks import TRACKS


def test_as_written_claims_no_loop_of_a_framework_that_is_never_run() -> None:
    assert "fit(), is not run" in TRACKS["as written"]
    assert "as its users run it" not in TRACKS["as written"]
