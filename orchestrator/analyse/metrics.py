"""What contenders are compared in, a number a trial, and when a trial counts and is long enough to be timed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.analyse.summary import MetricName, TrialSummary
from orchestrator.record.record import Status, TrialResult

FEWEST_EPOCHS = 5
FEWEST_SECONDS = 5.0
"""Of training, in one trial: with less, a slow moment of the machine is most of what is measured."""

_START_UP = ("import", "data", "build")


@dataclass(frozen=True)
class Metric:
    name: MetricName
    title: str
    claimed: bool  # whether a difference in it is claimed, and not only estimated
    value: Callable[[TrialSummary], float | None]  # above 0


def _start_up_seconds(trial: TrialSummary) -> float | None:
    seconds = [trial.phases.get(phase) for phase in _START_UP]
    return sum(filter(None, seconds)) if None not in seconds else None


METRICS = (
    Metric("throughput", "images/s", True, lambda trial: trial.images_per_second),
    Metric("first_step_seconds", "seconds of the first step", False, lambda trial: trial.phases.get("first_step")),
    Metric("start_up_seconds", "seconds of start-up (import, data, build)", False, _start_up_seconds),
    Metric("peak_memory_bytes", "peak memory", False, lambda trial: trial.peak_memory_bytes),
)


def counts(trial: TrialResult) -> bool:
    """Tell whether a trial was measured beside the others of its block: done, of this run, and without norms."""
    return trial.status is Status.DONE and trial.role == "measured" and trial.reused_from is None


def is_short(trial: TrialResult) -> bool:
    """Tell whether a trial trained too briefly for its speed to be claimed."""
    return len(trial.epochs) < FEWEST_EPOCHS or sum(epoch.seconds for epoch in trial.epochs) < FEWEST_SECONDS
