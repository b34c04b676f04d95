"""What a walk explains: a trial in, a number out, or None where the trial has none. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from orchestrator.analyse.claims import claims
from orchestrator.analyse.summary import TrialSummary
from orchestrator.record.record import Status


@dataclass(frozen=True)
class Outcome:
    id: str
    title: str
    unit: str
    meaning: str  # "" where the title says it all
    value: Callable[[TrialSummary], float | None]


def _loss(trial: TrialSummary) -> float | None:
    return trial.val_loss if _finite(trial) else None


def _accuracy(trial: TrialSummary) -> float | None:
    return trial.epochs[-1].val_accuracy if _finite(trial) else None


def _epoch_seconds(trial: TrialSummary) -> float | None:
    return median(epoch.seconds for epoch in trial.epochs) if _finite(trial) else None


def _claimed(claim_id: str) -> Callable[[TrialSummary], float | None]:
    return lambda trial: next(claim.value for claim in claims([trial]) if claim.id == claim_id)


def _finite(trial: TrialSummary) -> bool:
    """Tell whether a trial is done and never diverged: what a diverged run ends with is no outcome of its settings."""
    losses = [loss for epoch in trial.epochs for loss in (epoch.train_loss, epoch.val_loss)]
    return (
        trial.status is Status.DONE
        and bool(losses)
        and all(loss is not None and math.isfinite(loss) for loss in losses)
    )


OUTCOMES = (
    Outcome("val-loss", "final validation loss", "nats", "", _loss),
    Outcome("val-accuracy", "final validation accuracy", "fraction", "", _accuracy),
    Outcome(
        "steepness",
        "steepness",
        "share",
        "the share of the training loss's total fall, from ln 10, that is reached in epoch 1",
        _claimed("steepness"),
    ),
    Outcome(
        "smoothness",
        "roughness",
        "share",
        "the upward share of the validation loss's total variation: 0 is smooth, it only falls",
        _claimed("smoothness"),
    ),
    Outcome(
        "epoch-seconds",
        "seconds per epoch",
        "s",
        "training alone, the median over the epochs; a fact of this machine and of what else it did",
        _epoch_seconds,
    ),
)
