"""The catalogue and the tests name the same rows, and the table is made from both."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.rows import ROWS
from tests.faults.table import table


def test_every_row_is_tested_or_declared() -> None:
    tested = {
        int(number)
        for file in Path(__file__).parent.glob("test_*.py")
        for numbers in re.findall(r"mark\.row\(([\d, ]+)\)", file.read_text())
        for number in numbers.split(",")
    }
    assert [row.number for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert tested == {row.number for row in ROWS if not row.declared}


def test_a_row_that_failed_once_has_not_survived() -> None:
    outcome = {
        **dict.fromkeys(("emitted", "received"), 10),
        **dict.fromkeys(("lost", "duplicated", "rejected", "kills", "strays", "leftovers"), 0),
        "reconnect_seconds": 0.5,
    }
    test = {"rows": [5], "engine": "docker", "skipped": False, "seconds": 1.0, "outcomes": [outcome], "invalid": 0}
    made = table({"seed": 1, "tests": [{**test, "passed": True}, {**test, "passed": False}]})
    assert "| tests that inject faults / survived | 2 / 1 |" in made
    assert "| 2 | docker | 20 / 20 / 0 | 1 of 2 survived |" in made
