"""How often the finding carry-over is told where nothing is carried over, and how often where something is.

`python -m benchmarks.carry_over` prints the numbers of docs/methodology.md ("What it cannot do"), in percent of made-up
runs: two contenders, whole trials in an order drawn by lot, a scatter of 2 % between trials.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from orchestrator.analyse.carry_over_findings import carry_over
from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.record.record import Record, Status

BLOCKS = (12, 30)
SCATTER = 0.02
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Machine(NamedTuple):
    """What happens to seconds from trial to trial, as shares of them."""

    name: str
    drift: float = 0.0  # from the first trial to the last
    walk: float = 0.0  # standard deviation of a step
    carried: float = 0.0  # longer for whoever follows the second contender


MACHINES = (
    Machine("steady"),
    Machine("drift of 10 %", drift=0.1),
    Machine("walk of 1 % a trial", walk=0.01),
    Machine("3 % carried over", carried=0.03),
    Machine("5 % carried over", carried=0.05),
    Machine("10 % carried over", carried=0.1),
)


def session(seed: int, blocks: int, machine: Machine, **changes: Any) -> list[Record]:
    """Return the records of contenders a and b, in the order of running; only what the finding reads is there."""
    trials: list[Record] = []
    lots, wandered, before = random.Random(seed), 0.0, ""
    for block in range(1, blocks + 1):
        for name in lots.sample("ab", 2):
            wandered += lots.gauss(0, machine.walk) + machine.drift / (2 * blocks)
            seconds = (1 + lots.gauss(0, SCATTER)) * (1 + wandered) * (1 + machine.carried * (before == "b"))
            trials.append(_trial(f"{name}.r{block}", len(trials), seconds, changes))
            before = name
    return trials


def told(records: Sequence[Record]) -> list[str]:
    """Return what the finding says of these trials."""
    return [found.message for found in carry_over(CheckInput(records, cores=2))]


def share(machine: Machine, blocks: int, sessions: int) -> float:
    """Return of how many sessions it is told, in percent."""
    return 100 * sum(bool(told(session(seed, blocks, machine))) for seed in range(sessions)) / sessions


def _trial(name: str, at: int, seconds: float, changes: dict[str, Any]) -> Record:
    fields: dict[str, Any] = {
        "id": name,
        "contender": name[0],
        "recipe": "made-up",
        "status": Status.DONE,
        "role": "measured",
        "reused_from": None,
        "by_turns": False,
        "started_at": (_START + timedelta(minutes=at)).isoformat(),
        "epochs": [SimpleNamespace(seconds=seconds, images=1000)] * 5,
    }
    return cast("Record", SimpleNamespace(**{**fields, **changes}))


def main() -> None:
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print(f"{sessions} sessions each", *(f"| {blocks} blocks" for blocks in BLOCKS))
    for machine in MACHINES:
        print(machine.name, *(f"| {share(machine, blocks, sessions):.1f} %" for blocks in BLOCKS), flush=True)


if __name__ == "__main__":
    main()
