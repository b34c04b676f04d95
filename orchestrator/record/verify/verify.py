"""All that a worker claims of one trial, held against what it left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.record.verify.clock import Times, verify_times
from orchestrator.record.verify.line import CLAIMS, Verified, What, not_checked, unreadable
from orchestrator.record.verify.scores import Labels, verify_test_loss, verify_validation
from orchestrator.record.verify.start import verify_first_losses, verify_first_weights, verify_order
from orchestrator.record.verify.steps import read_steps, verify_amounts, verify_steps
from orchestrator.record.verify.turns import verify_turns
from orchestrator.stream.contract import NumberedEvent
from shared.events import EpochEnded, Event, RunEnded, WorkerReady
from shared.leftovers import PREDICTIONS, STEPS, VALIDATION
from shared.trial import Trial

E = TypeVar("E", bound=Event)

_OF_STEPS: tuple[What, ...] = ("steps", "training-loss", "training-accuracy", "first-losses")


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a worker of a done trial said and left, and what the host knows itself."""

    trial: Trial
    events: Sequence[NumberedEvent]
    files: Mapping[str, bytes]
    times: Times
    test_labels: Labels
    validation_labels: Labels | None  # None: the host has them not
    first_losses: Sequence[float]  # by the float64 reference; empty: they cannot be known, or were not computed
    lost_events: int = 0


def verify(claims: Claims) -> tuple[Verified, ...]:
    """Return a line for every number that can be held against something, in the order of a report."""
    lines = [line for part in (_scores(claims), _training(claims), _start(claims)) for line in part]
    lines += [*verify_times(claims.times), *verify_turns(claims.times)]
    return tuple(sorted(lines, key=lambda line: CLAIMS.index(line.what)))


def _scores(claims: Claims) -> Iterator[Verified]:
    files, precision = claims.files, claims.trial.precision
    for ended in _of_kind(claims.events, RunEnded)[-1:]:
        yield from verify_test_loss(ended, files[PREDICTIONS], claims.test_labels, precision)
    for last in _of_kind(claims.events, EpochEnded)[-1:]:
        gpu = claims.trial.device != "cpu"
        yield from verify_validation(last, files.get(VALIDATION), claims.validation_labels, precision, gpu=gpu)


def _training(claims: Claims) -> Iterator[Verified]:
    trial, epochs = claims.trial, _of_kind(claims.events, EpochEnded)
    yield from verify_amounts(trial.recipe, epochs, lost=bool(claims.lost_events))
    if STEPS not in claims.files:
        yield from not_checked(f"it left no {STEPS}", *_OF_STEPS)
        return
    arrays, reason = read_steps(claims.files[STEPS])
    if reason:
        yield from unreadable(reason, *_OF_STEPS)
        return
    yield from verify_steps(trial.recipe, epochs, arrays, trial.precision)
    yield from verify_first_losses(trial, arrays["losses"], claims.first_losses)


def _start(claims: Claims) -> Iterator[Verified]:
    for ready in _of_kind(claims.events, WorkerReady)[-1:]:
        yield from verify_first_weights(claims.trial, ready)
    yield from verify_order(claims.trial, _of_kind(claims.events, EpochEnded))


def _of_kind(events: Sequence[NumberedEvent], kind: type[E]) -> list[E]:
    return [numbered.event for numbered in events if isinstance(numbered.event, kind)]
