"""`bakeoff ls`: the list of runs."""

from __future__ import annotations

import json

from tests.support.cli import Bakeoff


def test_no_runs_is_no_error(bakeoff: Bakeoff) -> None:
    assert bakeoff("ls").out == "no runs in runs: `bakeoff compare` makes one\n"
    assert json.loads(bakeoff("ls", "--json").out) == []
