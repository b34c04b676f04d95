"""What is done between two blocks of a run, while nothing is measured: the sentinel computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.plan.plan import Plan, PlannedTrial
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.sentinel import SentinelReading, SentinelSeries

Sentinel = Callable[[], float]
"""Computes a fixed amount and returns its seconds."""


class BetweenBlocks:
    """Asked before each trial. The series is written after each reading, and goes on in a resumed run."""

    def __init__(self, plan: Plan, folder: RunFolder, sentinel: Sentinel | None) -> None:
        blocks = {planned.block for planned in plan.trials if planned.role == "measured"}
        self._sentinel = sentinel if len(blocks) > 1 else None
        self._folder = folder
        series = folder.read_sentinel() or SentinelSeries()
        self._readings = list(series.readings)
        self._passed = {(reading.run, reading.seed) for reading in self._readings}

    def before(self, trials: Sequence[PlannedTrial]) -> None:
        """Compute where these are the first trials of a block, and none of them was ever started.

        A worker that an earlier host started may still train.
        """
        first = trials[0]
        if self._sentinel is None or first.role == "parity" or first.block in self._passed:
            return
        self._passed.add(first.block)
        if any(self._folder.trial(planned.id).started_at() for planned in trials):
            return
        self._readings.append(SentinelReading(run=first.run, seed=first.trial.seed, seconds=self._sentinel()))
        self._folder.write_sentinel(SentinelSeries(readings=tuple(self._readings)))
