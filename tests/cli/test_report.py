"""`bakeoff report`: of which runs, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import QUICK, Bakeoff


def test_runs_are_listed_and_reported_again(bakeoff: Bakeoff, with_runtime: object) -> None:
    bakeoff("compare", *QUICK, "-q")
    (run,) = json.loads(bakeoff("ls", "--json").out)
    assert (run["state"], run["trials_done"], run["trials_planned"]) == ("done", 2, 2)
    assert run["run"] in bakeoff("ls").out.replace("\n", "")
    report = Path("runs") / run["run"] / "report.md"
    before = report.read_bytes()
    report.unlink()
    answer = bakeoff("report")
    assert answer.code == 0
    assert "report.md" in answer.out
    assert report.read_bytes() == before


def test_a_report_of_a_run_that_is_not_there_is_exit_code_2(bakeoff: Bakeoff) -> None:
    answer = bakeoff("report", "yesterday")
    assert answer.code == 2
    assert "error: no run 'yesterday'" in answer.err
    assert "try: " in answer.err
