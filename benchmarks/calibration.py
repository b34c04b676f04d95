"""Does the rule of comparison claim as seldom wrongly, and find as often, as docs/methodology.md says?

Simulates sessions of contenders on nineteen kinds of machine, with the ranks, looks and levels of the product, and
holds what comes out against what must be. In every rate the contenders do not differ, or differ by exactly what is
said, so it is known which claims are false. Writes its tables into docs/methodology.md, unless --quick. Exit code 1
where a number is out of its bounds.

    python -m benchmarks.calibration
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.calibration_checks import MANY, SESSIONS, Check, all_checks
from benchmarks.calibration_results import GOAL, Result, simulate
from benchmarks.calibration_scenarios import SCENARIOS

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "methodology.md"
BEGIN, END = "<!-- made by `make calibration`: begin -->", "<!-- made by `make calibration`: end -->"
QUICK_SESSIONS = 2_000

HEADS = ("what", "sessions", "must be", "expected", "found", "holds")
MACHINE_HEADS = (
    "machine and processes",
    "12 blocks: false, %",
    "found 2 / 5 / 10 %, %",
    "half-width, %",
    "5 % found in 90 %",
    "until decided: false, %",
    "5 % found, %; mean blocks",
    "no difference: said / not decided, %",
)


def main() -> int:
    options = _arguments()
    started = time.process_time()
    results, checks = calibrate(options.seed, QUICK_SESSIONS if options.quick else MANY)
    text = tables(results, checks, options.seed)
    print(text)
    print(f"\n{time.process_time() - started:.0f} s of processor time")
    if not options.quick:
        DOCUMENT.write_text(page(DOCUMENT.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0 if all(check.holds for check in checks) else 1


def calibrate(seed: int, most_sessions: int) -> tuple[list[Result], list[Check]]:
    """Simulate every scenario and check everything; scenarios are reported on standard error as they end."""
    lots = np.random.default_rng(seed)
    results = []
    for each in SCENARIOS:
        results.append(simulate(each, lots, most_sessions, min(SESSIONS, most_sessions)))
        print(f"{len(results)} of {len(SCENARIOS)} scenarios: {each.name}", file=sys.stderr)
    return results, list(all_checks(results, lots, most_sessions))


def tables(results: Sequence[Result], checks: Sequence[Check], seed: int) -> str:
    """Write both tables as Markdown: what the rule must keep, and what it does on each kind of machine."""
    kept = sum(check.holds for check in checks)
    below = [result for result in results if result.found[0.05] < GOAL]
    first = f"{kept} of {len(checks)} numbers are within their bounds (seed {seed})."
    second = (
        f"With 12 blocks a difference of 5 % is found in {GOAL:.0f} % of sessions on {len(results) - len(below)} of "
        f"{len(results)} kinds of machine, and not on the others."
    )
    machines = _table(MACHINE_HEADS, [_machine_row(result) for result in results])
    return "\n\n".join([first, _table(HEADS, [_row(check) for check in checks]), second, machines])


def page(text: str, made: str) -> str:
    """Return the text of docs/methodology.md with these tables. Raises ValueError where their place is gone."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{DOCUMENT.name} has no place for the tables: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def _row(check: Check) -> tuple[str, ...]:
    holds = "yes" if check.holds else "**no**"
    unit = f" {check.unit}".rstrip()
    return check.what, f"{check.sessions:,}", _asked(check) + unit, f"{check.expected:.4g}", _number(check.found), holds


def _asked(check: Check) -> str:
    least, most = check.bounds
    if math.isinf(least):
        return f"≤ {most:.4g}"
    return f"≥ {least:.4g}" if math.isinf(most) else f"{least:.4g} to {most:.4g}"


def _machine_row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        f"{result.false:.2f}",
        " / ".join(f"{share:.0f}" for share in result.found.values()),
        f"{result.half_width:.1f}",
        "yes" if result.found[0.05] >= GOAL else "**no**",
        f"{result.until_false:.2f}",
        f"{result.until_found:.0f}; {result.until_blocks:.1f}",
        f"{result.until_same:.0f} / {result.until_undecided:.0f}",
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if value % 1 else f"{value:.0f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rule, *rows])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="few sessions and wider bounds; writes no file")
    parser.add_argument("--seed", type=int, default=11, help="of all lots (default 11)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
