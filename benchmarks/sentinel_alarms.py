"""How often the sentinel's findings are told where nothing is the matter, and how often where something is.

`python -m benchmarks.sentinel_alarms` prints the numbers of docs/methodology.md ("The machine"), in percent of made-up
series of 12 readings: independent normal scatter, alone or with a machine that drifts or steps over the run.
"""

from __future__ import annotations

import random

from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.machine_findings import sentinel_drift, sentinel_jump
from orchestrator.record.sentinel import SentinelReading

BLOCKS = 12
SCATTERS = (0.02, 0.05, 0.1)
SERIES = 2000


def readings(seed: int, scatter: float, drift: float = 0.0, step: float = 0.0) -> list[SentinelReading]:
    """Make a series of a quarter of a second: `drift` from first to last, `step` from the middle on, as shares."""
    lots = random.Random(seed)
    means = [1 + drift * at / (BLOCKS - 1) + step * (at >= BLOCKS // 2) for at in range(BLOCKS)]
    seconds = [max(0.01, 0.25 * mean * (1 + lots.gauss(0, scatter))) for mean in means]
    return [SentinelReading(run=run, seed=1, seconds=each) for run, each in enumerate(seconds, start=1)]


def told(series: list[SentinelReading]) -> bool:
    run = CheckInput([], cores=2, sentinel=series)
    return any(True for check in (sentinel_drift, sentinel_jump) for _ in check(run))


def share(scatter: float, series: int = SERIES, **changes: float) -> float:
    """Return of how many series something is told, in percent."""
    return 100 * sum(told(readings(seed, scatter, **changes)) for seed in range(series)) / series


def main() -> None:
    print(f"{SERIES} series of {BLOCKS} readings each | steady | drift of 20 % | step of 20 %")
    for scatter in SCATTERS:
        shares = (share(scatter), share(scatter, drift=0.2), share(scatter, step=0.2))
        print(f"scatter {100 * scatter:.0f} % | " + " | ".join(f"{each:.1f} %" for each in shares))


if __name__ == "__main__":
    main()
