"""How often two runs, one after the other, are told apart though nothing differs: by speeds, and by ratios.

`python -m benchmarks.two_runs` prints the table of docs/methodology.md ("Two runs"): for each kind of noise of the
calibration the share of pairs of runs in which a change is claimed, in percent. Each run has 12 blocks of two
contenders, and between the runs lies the time of 40 trials. By speeds: a contender's trials of one run against those of
the other (Mann–Whitney, exact, 5 %). By the ratio: what `bakeoff diff` does, also with a second run at a quiet hour.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from scipy.stats import mannwhitneyu

from benchmarks.calibration_scenarios import SCENARIOS, Floats, Lots, Scenario
from orchestrator.analyse.claim_rule import ClaimRule

BLOCKS = 12
HOURS_BETWEEN = 40
"""In trials: what the machine does goes on meanwhile."""


def two_runs(scenario: Scenario, lots: Lots, sessions: int) -> tuple[Floats, Floats]:
    """Draw log seconds of two runs of one machine, neither contender better: each (sessions, blocks, contenders)."""
    trials = 2 * BLOCKS
    seconds = scenario.log_seconds(lots, sessions, 2 * trials + HOURS_BETWEEN)
    runs = (seconds[:, :trials], seconds[:, -trials:])
    first, second = (_placed(run.reshape(sessions, BLOCKS, 2), lots) for run in runs)
    return first, second


def by_speeds(first: Floats, second: Floats) -> float:
    """Return the share of sessions in which the second contender's trials of two runs differ, in percent."""
    found = mannwhitneyu(first[..., 1], second[..., 1], axis=1, method="exact").pvalue <= 0.05
    return float(100 * np.mean(found))


def by_ratio(first: Floats, second: Floats) -> float:
    """Return the share of sessions in which the interval of the ratio's change excludes 1, in percent."""
    (middle, low, high), (later, later_low, later_high) = (
        _intervals(run[..., 0] - run[..., 1]) for run in (first, second)
    )
    grew = later - middle > np.hypot(later - later_low, high - middle)
    fell = middle - later > np.hypot(later_high - later, middle - low)
    return float(100 * np.mean(grew | fell))


def rows(scenarios: Sequence[Scenario], sessions: int, seed: int = 1) -> list[tuple[str, float, float, float]]:
    """Return the table: a scenario, and how often a change is claimed by speeds, and by the ratio in two ways."""
    found = []
    for number, scenario in enumerate(scenarios):
        lots = np.random.default_rng((seed, number))
        first, second = two_runs(scenario, lots, sessions)
        quiet, _ = two_runs(SCENARIOS[0], lots, sessions)
        found.append((scenario.name, by_speeds(first, second), by_ratio(first, second), by_ratio(first, quiet)))
    return found


def _placed(seconds: Floats, lots: Lots) -> Floats:
    """Let a coin decide in each block which contender ran first."""
    return np.take_along_axis(seconds, lots.random(seconds.shape).argsort(axis=2), axis=2)


def _intervals(ratios: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each session's estimate, and the ends of its signed-rank interval; ratios (sessions, blocks)."""
    rank = ClaimRule().rank(ratios.shape[1])
    first, second = np.triu_indices(ratios.shape[1])
    averages = np.sort((ratios[:, first] + ratios[:, second]) / 2, axis=1)
    return np.median(averages, axis=1), averages[:, rank - 1], averages[:, -rank]


def main(sessions: int) -> None:
    print("| machine and processes | by speeds | by the ratio | by the ratio, second run at a quiet hour |")
    print("|---|---:|---:|---:|")
    for name, *shares in rows(SCENARIOS, sessions):
        print(f"| {name} | {' | '.join(f'{share:.1f}' for share in shares)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
