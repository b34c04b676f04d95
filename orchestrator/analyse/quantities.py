"""The quantities of a trial that are laid side by side between runs. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orchestrator.analyse.metrics import METRICS
from orchestrator.analyse.summary import MetricName, TrialSummary

QuantityName = Literal[
    "throughput", "first_step_seconds", "start_up_seconds", "peak_memory_bytes", "test_accuracy", "val_loss"
]

Kind = Literal["speed", "size", "score"]
"""speed: hangs on the machine. size and score: on what is trained; a score's change is a difference, no ratio."""


@dataclass(frozen=True)
class Quantity:
    name: QuantityName
    unit: str
    kind: Kind
    value: Callable[[TrialSummary], float | None]


_KINDS: dict[MetricName, tuple[str, Kind]] = {
    "throughput": ("1/s", "speed"),
    "first_step_seconds": ("s", "speed"),
    "start_up_seconds": ("s", "speed"),
    "peak_memory_bytes": ("bytes", "size"),
}

QUANTITIES = (
    *(Quantity(metric.name, *_KINDS[metric.name], metric.value) for metric in METRICS),
    Quantity("test_accuracy", "fraction", "score", lambda trial: trial.test_accuracy),
    Quantity("val_loss", "nats", "score", lambda trial: trial.val_loss),
)


def quantity(name: QuantityName) -> Quantity:
    return next(each for each in QUANTITIES if each.name == name)
