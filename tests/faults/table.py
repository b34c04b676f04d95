"""Writes docs/reliability.md's table from the results of a run: `python -m tests.faults.table RESULTS.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.rows import ROWS, Row

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- made by `make faults`: begin -->", "<!-- made by `make faults`: end -->"


@dataclass(frozen=True)
class Tests:
    """What was tried of one row, or of all."""

    tried: tuple[dict[str, Any], ...]

    def of(self, row: Row) -> Tests:
        return Tests(tuple(test for test in self.tried if row.number in test["rows"]))

    @property
    def survived(self) -> int:
        return sum(test["passed"] for test in self.tried)

    @property
    def engines(self) -> str:
        return ", ".join(sorted({test["engine"] for test in self.tried if test["engine"]})) or "none"

    def total(self, figure: str) -> int:
        return sum(outcome[figure] for test in self.tried for outcome in test["outcomes"])

    @property
    def worst_reconnect_seconds(self) -> float:
        return max((each["reconnect_seconds"] for test in self.tried for each in test["outcomes"]), default=0.0)

    @property
    def invalid(self) -> str:
        """Count invalid inputs, and the tests of them that did not pass: a crash of ours fails its test."""
        sent = [test for test in self.tried if test["invalid"]]
        crashed = sum(not test["passed"] for test in sent)
        return f"{sum(test['invalid'] for test in sent):,} / {crashed}"


def main() -> int:
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}", encoding="utf-8")
    return 0


def table(results: dict[str, Any]) -> str:
    """Write both tables. What is of no row (the naive reader's tests, the table's own) injects nothing that counts."""
    tests = Tests(tuple(test for test in results["tests"] if test["rows"] and not test["skipped"]))
    return "\n".join([*_figures(tests, results), "", *_rows(tests)])


def _figures(tests: Tests, results: dict[str, Any]) -> Iterator[str]:
    seconds = sum(test["seconds"] for test in tests.tried)
    yield from _listed(
        ("figure", ""),
        [
            ("tests that inject faults / survived", f"{len(tests.tried)} / {tests.survived}"),
            ("events emitted", f"{tests.total('emitted'):,}"),
            ("received", f"{tests.total('received'):,}"),
            ("lost, and declared: numbers that the stub left out", f"{tests.total('lost'):,}"),
            ("twice in the record", f"{tests.total('duplicated'):,}"),
            ("lines refused", f"{tests.total('rejected'):,}"),
            ("worst reconnection", f"{tests.worst_reconnect_seconds:.1f} s"),
            ("invalid inputs tried / crashes", tests.invalid),
            ("hosts killed", f"{tests.total('kills'):,}"),
            ("left on an engine after them", f"{tests.total('leftovers'):,}"),
            ("seconds, and the seed that repeats its moments", f"{seconds:,.0f} s, {results['seed']}"),
        ],
    )


def _rows(tests: Tests) -> Iterator[str]:
    yield from _listed(
        ("row", "fault", "what comes of it", "times", "engine", "events emitted / received / lost", "result"),
        [_row(row, tests.of(row)) for row in ROWS],
    )


def _row(row: Row, tests: Tests) -> tuple[str, ...]:
    if not tests.tried:
        return str(row.number), row.fault, row.survived, "0", "", "", f"declared: {row.declared or 'not run'}"
    result = "survived" if tests.survived == len(tests.tried) else f"{tests.survived} of {len(tests.tried)} survived"
    emitted = tests.total("emitted")
    events = f"{emitted:,} / {tests.total('received'):,} / {tests.total('lost'):,}" if emitted else ""
    limits = f"; {row.limits}" if row.limits else ""
    return str(row.number), row.fault, row.survived, str(len(tests.tried)), tests.engines, events, result + limits


def _listed(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
