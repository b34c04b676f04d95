"""How often does a gate pass what costs exactly its margin, or fail it? Simulated; both must be at most 5 %.

Sessions on the nineteen machines of `benchmarks.calibration`, with the ranks and looks of the product. The candidate
costs exactly its margin, so each verdict is an error: the share of PASS is that of false passes, of FAIL that of false
failures. In a budget of several metrics all of them cost their margin, and any false verdict counts. Writes its table
into docs/gate.md, unless --quick. Exit code 1 where a rate is too high.

    python -m benchmarks.gate_errors
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.calibration_rules import BLOCKS, Marks, above, block_ratios, looks
from benchmarks.calibration_scenarios import SCENARIOS, Floats, Lots, Scenario

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "gate.md"
BEGIN, END = (
    "<!-- made by `python -m benchmarks.gate_errors`: begin -->",
    "<!-- made by `python -m benchmarks.gate_errors`: end -->",
)
SESSIONS, QUICK_SESSIONS = 10_000, 500
METRICS = (1, 2, 3, 4, 5)
MOST = 5.0
MARGIN = -0.03
TIMES = ("steady, sd 2 %", "steady, sd 3 %", "steady, sd 4 %")


@dataclass(frozen=True)
class Rates:
    """The worst over the machines of a budget of so many metrics, in percent."""

    metrics: int
    false_pass: float
    false_fail: float

    @property
    def holds(self) -> bool:
        return max(self.false_pass, self.false_fail) <= MOST


def main() -> int:
    options = _arguments()
    sessions = QUICK_SESSIONS if options.quick else SESSIONS
    lots = np.random.default_rng(options.seed)
    rates = [worst(metrics, lots, sessions) for metrics in METRICS]
    text = table(rates, equal(lots, sessions), sessions, options.seed)
    print(text)
    if not options.quick:
        DOCUMENT.write_text(page(DOCUMENT.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0 if all(each.holds for each in rates) else 1


def worst(metrics: int, lots: Lots, sessions: int) -> Rates:
    """Simulate every machine with candidates that cost exactly their margin."""
    found = [errors(each, metrics, lots, sessions) for each in SCENARIOS]
    return Rates(metrics, max(each[0] for each in found), max(each[1] for each in found))


def errors(scenario: Scenario, metrics: int, lots: Lots, sessions: int) -> tuple[float, float]:
    """Return how often any metric of a budget passes, and how often any fails, in percent.

    The metrics are as many columns of one session, each with trials of its own beside the reference's.
    """
    bound = math.log1p(MARGIN)
    ratios = block_ratios(scenario, lots, sessions, metrics) + bound
    verdicts = [judge(ratios[..., each], bound, metrics) for each in range(metrics)]
    return tuple(100 * float(np.any([pair[side] for pair in verdicts], axis=0).mean()) for side in (0, 1))  # type: ignore[return-value]


def judge(ratios: Floats, bound: float, metrics: int) -> tuple[Marks, Marks]:
    """Tell of each session whether a metric passes, and whether it fails, at the first look that decides it."""
    passed, failed = np.zeros(len(ratios), bool), np.zeros(len(ratios), bool)
    for look, rank in looks(metrics).items():
        open_, seen = ~(passed | failed), ratios[:, :look]
        good, bad = above(seen, rank, bound), above(-seen, rank, -bound)
        passed |= open_ & good
        failed |= open_ & bad
    return passed, failed


def equal(lots: Lots, sessions: int) -> dict[str, float]:
    """Return how often a candidate that costs nothing passes a budget of one metric, in percent, by machine."""
    bound, by_name = math.log1p(MARGIN), {each.name: each for each in SCENARIOS}
    ratios = {name: block_ratios(by_name[name], lots, sessions)[..., 0] for name in TIMES if name in by_name}
    return {name: 100 * float(judge(each, bound, 1)[0].mean()) for name, each in ratios.items()}


def table(rates: list[Rates], equals: dict[str, float], sessions: int, seed: int) -> str:
    """Write the rates as Markdown."""
    rows = [f"| {each.metrics} | {each.false_pass:.2f} | {each.false_fail:.2f} | {_holds(each)} |" for each in rates]
    head = [
        "| metrics in the budget | false PASS of any, % | false FAIL of any, % | ≤ 5 % |",
        "|---:|---:|---:|---|",
    ]
    first = (
        f"Of candidates that cost exactly their margin, the worst of {len(SCENARIOS)} kinds of machine, "
        f"{sessions:,} sessions of up to {BLOCKS} blocks each (seed {seed}):"
    )
    shares = ", ".join(f"{share:.0f} % ({name})" for name, share in equals.items())
    last = f"A candidate that costs nothing passes a margin of {abs(100 * MARGIN):.0f} % in {shares} of sessions."
    return "\n\n".join([first, "\n".join([*head, *rows]), last])


def page(text: str, made: str) -> str:
    """Return the text of docs/gate.md with this table. Raises ValueError where its place is gone."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{DOCUMENT.name} has no place for the table: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def _holds(each: Rates) -> str:
    return "yes" if each.holds else "**no**"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_errors", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="few sessions; writes no file")
    parser.add_argument("--seed", type=int, default=11, help="of all lots (default 11)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
