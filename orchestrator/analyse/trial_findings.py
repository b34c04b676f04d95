"""Cautions about one trial, each with its advice. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.analyse.finding_rule import CheckInput, Found, finding, trial_finding
from orchestrator.analyse.summary import Finding
from orchestrator.engines.engine import FOREIGN
from orchestrator.record.cause_table import next_step
from orchestrator.record.record import Record, Status
from orchestrator.spec.contenders import RELAXATIONS

ACCURACY_TOLERANCE = 1e-9


def not_done(run: CheckInput) -> Iterator[Finding]:
    """Yield a finding for every trial that is not done, named after its status."""
    for record in run.records:
        if record.status is not Status.DONE:
            yield Finding(
                id=f"trial-{record.status.value}",
                severity="error",
                message=f"{record.id} {_BECAME[record.status]}: {record.reason}.",
                advice=_next_step(record),
                trials=(record.id,),
            )


_BECAME = {
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.SKIPPED: "was skipped",
    Status.INTERRUPTED: "was interrupted",
    Status.UNKNOWN: "was lost from sight",
}


def _next_step(record: Record) -> str:
    step = next_step(record.cause)
    sentences = [f"{step[0].upper()}{step[1:]}." if step else ""]
    if record.image and "stderr.log" not in step:
        sentences.append("Its log is stderr.log in the trial's folder.")
    return " ".join(filter(None, sentences))


@finding("worker-warning", "note", "The worker said so itself.")
def worker_warning(run: CheckInput) -> Iterator[Found]:
    for record in run.records:
        for warning in record.warnings:
            yield Found(f"{record.id}: {warning}.", (record.id,))


@trial_finding(
    "version-differs",
    "error",
    "An interpreter named with --python brings its own version; name the contender without one.",
)
def version_differs(record: Record) -> str | None:
    _, equals, asked = record.contender.partition("==")
    got = record.framework_version
    if not equals or got is None or got.partition("+")[0] == asked.partition("+")[0]:
        return None
    return f"{record.id} was asked for {record.contender} and ran {got}."


@trial_finding(
    "parameter-count", "error", "The contender's model.py does not build this recipe's network; do not compare it."
)
def parameter_count(record: Record) -> str | None:
    if record.parameters is None or record.parameters == record.expected_parameters:
        return None
    return f"{record.id} trained {record.parameters:,} parameters, its recipe has {record.expected_parameters:,}."


@trial_finding("audit-red", "error", "No speed of it is compared; `bakeoff audit` lists every tensor.")
def audit_red(record: Record) -> str | None:
    wrong = [line for line in record.audit if not line.agrees]
    if not wrong:
        return None
    error = wrong[0].norm_relative_error
    size = "is missing or not finite" if error is None else f"is off by {error:.1e} of its norm"
    others = f", and {len(wrong) - 1} more of {len(record.audit)} tensors are" if len(wrong) > 1 else ""
    return f"{record.id} does not compute what its recipe says: {wrong[0].tensor} {size}{others}."


@trial_finding("accuracy-mismatch", "error", "The tables show the host's count; the worker's evaluation is wrong.")
def accuracy_mismatch(record: Record) -> str | None:
    worker, host = record.worker_test_accuracy, record.test_accuracy
    if worker is None or host is None or abs(worker - host) <= ACCURACY_TOLERANCE:
        return None
    return f"{record.id} says test accuracy {worker:.4f}; its own logits give {host:.4f}."


@trial_finding("events-lost", "warning", "Curves may have gaps; the disk of the output volume may be full.")
def events_lost(record: Record) -> str | None:
    return f"{record.id} lost {record.events.lost} of its events." if record.events.lost else None


@trial_finding(
    "lines-rejected", "warning", "The file rejected.jsonl in the trial's folder has them, each with its reason."
)
def lines_rejected(record: Record) -> str | None:
    rejected = record.events.rejected
    return f"{rejected} lines of {record.id} were no events and were refused." if rejected else None


@trial_finding("diverged", "warning", "Lower the recipe's learning rate; its curves end where it diverged.")
def diverged(record: Record) -> str | None:
    return f"The loss of {record.id} stopped being a finite number." if record.diverged else None


@trial_finding(
    "foreign-image",
    "warning",
    "It ran because of --allow-foreign-image; label it bakeoff.contract once it keeps shared/README.md.",
)
def foreign_image(record: Record) -> str | None:
    foreign = record.facts.get("contract") == FOREIGN
    return f"The image of {record.id} does not say that it keeps the contract." if foreign else None


@trial_finding(
    "restriction-relaxed",
    "note",
    "Its contender.toml asks for it; orchestrator/spec/contenders.py has the need and the price.",
)
def restriction_relaxed(record: Record) -> str | None:
    words = [f"{each} ({RELAXATIONS[each].meaning})" for each in record.relaxations if each in RELAXATIONS]
    return f"{record.id} ran with a restriction less: {', '.join(words)}." if words else None


@trial_finding(
    "was-paused", "warning", "Its speed is not to be trusted: an epoch's seconds hold the pause, and caches went cold."
)
def was_paused(record: Record) -> str | None:
    seconds = record.paused_seconds
    return f"{record.id} was paused from outside for about {seconds:.0f} s." if seconds else None


@trial_finding("tried-again", "note", "Only images and the engine are tried again, never a measurement.")
def tried_again(record: Record) -> str | None:
    return f"{record.id}, tried again: {'; '.join(record.retries)}." if record.retries else None


@trial_finding(
    "feed-reconnected", "note", "Training does not notice; what the feed missed was filled from the worker's own file."
)
def feed_reconnected(record: Record) -> str | None:
    times = record.reconnects
    return f"The live feed of {record.id} was opened again {times} times." if times else None


TRIAL_CHECKS = (
    version_differs,
    parameter_count,
    audit_red,
    accuracy_mismatch,
    events_lost,
    lines_rejected,
    diverged,
    foreign_image,
    restriction_relaxed,
    was_paused,
    tried_again,
    feed_reconnected,
)
