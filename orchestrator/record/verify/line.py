"""One line of a verification: a number that a worker claims, beside the host's own.

Kept apart from the counting, so that reading a record does not load NumPy.
"""

from __future__ import annotations

from typing import Literal, get_args

from orchestrator.values import Value

What = Literal[
    "test-loss",
    "validation-loss",
    "validation-accuracy",
    "training-loss",
    "training-accuracy",
    "epochs",
    "steps",
    "images",
    "first-weights",
    "order",
    "first-losses",
    "epoch-seconds",
    "time-in-no-phase",
    "clock",
    "turns",
    "waited-seconds",
]

Verdict = Literal["agrees", "differs", "not checked"]

CLAIMS: tuple[What, ...] = get_args(What)
"""In the order of a report."""

OF_TURNS: tuple[What, ...] = ("turns", "waited-seconds")
"""Of trials that train by turns alone."""


class Verified(Value):
    """A number that a worker claims, where it is furthest from the host's own: in one epoch, or at one step."""

    what: What
    verdict: Verdict
    claimed: float | None = None  # None: none was claimed, or it is no number (a hash, a loss that is not finite)
    counted: float | None = None  # by the host, likewise
    tolerance: float | None = None  # of the absolute difference
    epoch: int | None = None  # from 1
    step: int | None = None  # from 1, over all epochs
    reason: str = ""  # why it was not checked, or why there is nothing that it could agree with


def unreadable(reason: str, *names: What) -> list[Verified]:
    """Say that what a worker left is not what the contract asks for, so that no number agrees with it."""
    return [Verified(what=what, verdict="differs", reason=reason) for what in names]


def not_checked(reason: str, *names: What) -> list[Verified]:
    """Say of each number why it was not checked."""
    return [Verified(what=what, verdict="not checked", reason=reason) for what in names]
