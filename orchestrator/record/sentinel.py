"""`sentinel.json`: how long a fixed amount of computation took before each block of a run."""

from __future__ import annotations

from statistics import median

from pydantic import Field

from orchestrator.values import Value

ELSEWHERE = "none: the workers ran on another machine than bakeoff, where nothing else is computed"


class SentinelReading(Value):
    """Before one block, while no worker of the run was alive."""

    run: int
    seed: int
    seconds: float = Field(gt=0)


class SentinelSeries(Value):
    """One reading a block, in the order of running; `note` says why there is none."""

    note: str = ""
    readings: tuple[SentinelReading, ...] = ()

    @property
    def median_seconds(self) -> float | None:
        """Return the usual reading; None where there is none."""
        return median(each.seconds for each in self.readings) if self.readings else None
