"""Cautions about a worker's word: what it claims and the host's own count of what it left does not bear out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from orchestrator.analyse.finding_rule import Check, CheckInput, Found, Severity, finding
from orchestrator.record.record import Record
from orchestrator.record.verify.line import Verified, What

NO_FILE = "it left no "
"""How the reason begins where a worker of an older contract, or another's, leaves a file out."""


class Caution(NamedTuple):
    """What is said of a number that is not borne out; `{trial}`, `{claimed}`, … stand for a line's."""

    id: str
    severity: Severity
    message: str
    advice: str


EVALUATION = "The worker's evaluation is wrong; do not compare this trial."
TRAINING = "The worker does not train, or does not count, what its recipe says; do not compare this trial."
ORDER = "The worker does not train on the order of images that it claims, or its steps are others; do not compare it."

CAUTIONS: dict[What, Caution] = {
    "test-loss": Caution(
        "test-loss-mismatch",
        "error",
        "{trial} says test loss {claimed}; its own logits give {counted}.",
        EVALUATION,
    ),
    "validation-loss": Caution(
        "validation-loss-mismatch",
        "error",
        "{trial} says validation loss {claimed} after epoch {epoch}; its own logits give {counted}.",
        EVALUATION,
    ),
    "validation-accuracy": Caution(
        "validation-accuracy-mismatch",
        "error",
        "{trial} says validation accuracy {claimed} after epoch {epoch}; its own logits give {counted}.",
        EVALUATION,
    ),
    "training-loss": Caution(
        "training-loss-mismatch",
        "error",
        "{trial} says training loss {claimed} for epoch {epoch}; the losses of its steps give {counted}.",
        TRAINING,
    ),
    "training-accuracy": Caution(
        "training-accuracy-mismatch",
        "error",
        "{trial} says training accuracy {claimed} for epoch {epoch}; the right answers of its steps give {counted}.",
        TRAINING,
    ),
    "epochs": Caution("epoch-count", "error", "{trial} tells of {claimed} epochs, its recipe has {counted}.", TRAINING),
    "steps": Caution(
        "step-count", "error", "{trial} left the losses of {claimed} steps, its recipe has {counted}.", TRAINING
    ),
    "images": Caution(
        "image-count",
        "error",
        "{trial} says that it trained {claimed} images in epoch {epoch}, its recipe has {counted}.",
        TRAINING,
    ),
    "first-weights": Caution(
        "first-weights-mismatch",
        "error",
        "{trial} did not start from the first weights that recipe and seed give.",
        "A contender's model.py maps the shared weights wrongly; do not compare this trial.",
    ),
    "order": Caution(
        "order-mismatch",
        "error",
        "{trial} tells of another order of the images in epoch {epoch} than recipe and seed give.",
        ORDER,
    ),
    "first-losses": Caution(
        "first-losses-mismatch",
        "error",
        "The loss of step {step} of {trial} is {claimed}; the float64 reference, trained on the order's own images, "
        "gives {counted}.",
        ORDER,
    ),
    "epoch-seconds": Caution(
        "epoch-longer-than-its-clock",
        "error",
        "{trial} says {claimed} s of training and evaluation for epoch {epoch}; only {counted} s passed.",
        "Its speed is not to be trusted.",
    ),
    "time-in-no-phase": Caution(
        "time-in-no-phase",
        "warning",
        "{share} of the epochs' wall time of {trial} stands in no phase: it tells of {claimed} s of {counted} s.",
        "Its speed counts nothing of that: making the order, batches and events takes long, or steps stand outside of "
        "the clock.",
    ),
    "clock": Caution(
        "clock-slow",
        "warning",
        "{trial} says that {claimed} s passed where the host counted {counted} s.",
        "Its clock runs slow, or its events were held up on their way; its speed is not to be trusted.",
    ),
    "turns": Caution(
        "turns-mismatch",
        "error",
        "{trial} says that it trained {claimed} images/s in its turns, and {counted} over whole epochs.",
        "Its ratio to others stands on its turns and is not to be trusted.",
    ),
    "waited-seconds": Caution(
        "waited-too-long",
        "error",
        "{trial} says that it waited {claimed} s for its turns; the host let it wait {counted} s.",
        "Seconds of training may hide in its waits; its speed is not to be trusted.",
    ),
}
"""By number, in the order of a report."""


def idle_share(line: Verified) -> float:
    """Return the share of the epochs' wall time that stands in no phase, of a line of that kind."""
    return 1 - (line.claimed or 0.0) / line.counted if line.counted else 0.0


def _make_check(what: What, caution: Caution) -> Check:
    @finding(caution.id, caution.severity, caution.advice)
    def check(run: CheckInput) -> Iterator[Found]:
        for record in run.records:
            for line in record.verified:
                if line.what == what and line.verdict == "differs":
                    yield Found(_message(record, line, caution.message), (record.id,))

    return check


def _message(record: Record, line: Verified, message: str) -> str:
    if line.reason:
        return f"No {line.what.replace('-', ' ')} of {record.id} can be counted: {line.reason}."
    digits: Callable[[float], str] = _SHORT if line.what in _SECONDS else _LONG
    return message.format(
        trial=record.id,
        claimed=_written(line.claimed, digits),
        counted=_written(line.counted, digits),
        epoch=line.epoch,
        step=line.step,
        share=f"{idle_share(line):.0%}",
    )


_SECONDS = ("epoch-seconds", "time-in-no-phase", "clock", "turns", "waited-seconds")
_SHORT: Callable[[float], str] = "{:.2f}".format
_LONG: Callable[[float], str] = "{:,.8g}".format


def _written(number: float | None, digits: Callable[[float], str]) -> str:
    return "no finite number" if number is None else digits(number)


@finding("not-checked", "note", "Its image keeps an older contract; shared/README.md says what the file holds.")
def left_out(run: CheckInput) -> Iterator[Found]:
    """Say what an older worker does not leave, once a reason."""
    lines = [(line.reason, line.what, record.id) for record in run.records for line in record.verified]
    for reason in dict.fromkeys(reason for reason, _, _ in lines if reason.startswith(NO_FILE)):
        names = dict.fromkeys(what.replace("-", " ") for said, what, _ in lines if said == reason)
        trials = tuple(dict.fromkeys(trial for said, _, trial in lines if said == reason))
        yield Found(f"Not checked of {', '.join(trials)}: {', '.join(names)}; {reason}.", trials)


VERIFIED_CHECKS: tuple[Check, ...] = (
    *(_make_check(what, caution) for what, caution in CAUTIONS.items()),
    left_out,
)
