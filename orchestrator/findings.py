"""Cautions with advice: pure. What a careful reader would ask about the numbers, asked first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.record import Record, Status
from orchestrator.summary import Finding

_NOISY = 0.10  # share by which the epochs of one trial may differ in speed before a word is said
_ACCURACY_TOLERANCE = 1e-9


def findings(records: Sequence[Record], cores: int, load: float | None) -> tuple[Finding, ...]:
    """Return every caution, errors first."""
    found = [finding for check in _CHECKS for finding in check(records)]
    if load is not None and load > 0.5 * cores:
        found.append(_busy(load, cores))
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: rank[finding.severity]))


def _not_done(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.status is not Status.DONE:
            yield Finding(
                id=f"trial-{record.status.value}",
                severity="error",
                message=f"{record.id} {_BECAME[record.status]}: {record.reason}.",
                advice="Its log is stderr.log in the trial's folder." if record.image else "",
                trials=(record.id,),
            )


def _parameters_differ(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.parameters is not None and record.parameters != record.expected_parameters:
            yield Finding(
                id="parameter-count",
                severity="error",
                message=f"{record.id} trained {record.parameters:,} parameters, its recipe has"
                f" {record.expected_parameters:,}.",
                advice="The contender's model.py does not build this recipe's network; do not compare it.",
                trials=(record.id,),
            )


def _accuracy_mismatch(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        told, counted = record.worker_test_accuracy, record.test_accuracy
        if told is not None and counted is not None and abs(told - counted) > _ACCURACY_TOLERANCE:
            yield Finding(
                id="accuracy-mismatch",
                severity="error",
                message=f"{record.id} says test accuracy {told:.4f}; its own logits give {counted:.4f}.",
                advice="The tables show the host's count; the worker's evaluation is wrong.",
                trials=(record.id,),
            )


def _data_differ(records: Sequence[Record]) -> Iterator[Finding]:
    for recipe in dict.fromkeys(record.recipe for record in records):
        same = [record for record in records if record.recipe == recipe and record.data_sha256]
        if len({record.data_sha256 for record in same}) > 1:
            yield Finding(
                id="data-differ",
                severity="error",
                message=f"The contenders of {recipe} did not read the same images.",
                advice="Remove the data with `bakeoff clean --data` and run again.",
                trials=tuple(record.id for record in same),
            )


def _audit_red(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        wrong = [line for line in record.audit if not line.agrees]
        if wrong:
            error = wrong[0].norm_relative_error
            size = "is missing or not finite" if error is None else f"is off by {error:.1e} of its norm"
            others = f", and {len(wrong) - 1} more of {len(record.audit)} tensors are" if len(wrong) > 1 else ""
            yield Finding(
                id="audit-red",
                severity="error",
                message=f"{record.id} does not compute what its recipe says: {wrong[0].tensor} {size}{others}.",
                advice="No speed of it is compared; `bakeoff audit` lists every tensor.",
                trials=(record.id,),
            )


def _starts_differ(records: Sequence[Record]) -> Iterator[Finding]:
    starts = {record.id: record.initial_weights_sha256 for record in records if record.shared_start}
    for same in _same_seed(records, starts):
        yield Finding(
            id="start-differs",
            severity="error",
            message=f"{', '.join(same)} were to start from the same weights and did not.",
            advice="A contender's model.py maps the shared weights wrongly; do not compare these trials.",
            trials=same,
        )


def _orders_differ(records: Sequence[Record]) -> Iterator[Finding]:
    orders = {
        record.id: tuple(epoch.order_sha256 for epoch in record.epochs) for record in records if record.shared_order
    }
    for same in _same_seed(records, orders):
        yield Finding(
            id="order-differs",
            severity="error",
            message=f"{', '.join(same)} were to see the same images in the same order and did not.",
            advice="A contender's training.py does not follow the shared order; do not compare these trials.",
            trials=same,
        )


def _same_seed(records: Sequence[Record], facts: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Yield the done trials of one recipe and seed whose facts are not all the same."""
    done = [record for record in records if record.id in facts and record.status is Status.DONE]
    for recipe, seed in dict.fromkeys((record.recipe, record.seed) for record in done):
        same = tuple(record.id for record in done if (record.recipe, record.seed) == (recipe, seed))
        if len({facts[trial] for trial in same}) > 1:
            yield same


def _events_lost(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.events.lost:
            yield Finding(
                id="events-lost",
                severity="warning",
                message=f"{record.id} lost {record.events.lost} of its events.",
                advice="Curves may have gaps; the disk of the output volume may be full.",
                trials=(record.id,),
            )


def _rejected(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.events.rejected:
            yield Finding(
                id="lines-rejected",
                severity="warning",
                message=f"{record.events.rejected} lines of {record.id} were no events and were refused.",
                advice="The file rejected.jsonl in the trial's folder has them, each with its reason.",
                trials=(record.id,),
            )


def _reconnected(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.reconnects:
            yield Finding(
                id="feed-reconnected",
                severity="note",
                message=f"The live feed of {record.id} was opened again {record.reconnects} times.",
                advice="Training does not notice; what the feed missed was filled from the worker's own file.",
                trials=(record.id,),
            )


def _version_differs(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        _, equals, asked = record.contender.partition("==")
        got = record.framework_version
        if equals and got is not None and got.partition("+")[0] != asked.partition("+")[0]:
            yield Finding(
                id="version-differs",
                severity="error",
                message=f"{record.id} was asked for {record.contender} and ran {got}.",
                advice="An interpreter named with --python brings its own version; name the contender without one.",
                trials=(record.id,),
            )


def _diverged(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.diverged:
            yield Finding(
                id="diverged",
                severity="warning",
                message=f"The loss of {record.id} stopped being a finite number.",
                advice="Lower the recipe's learning rate; its curves end where it diverged.",
                trials=(record.id,),
            )


def _uneven(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        speeds = [epoch.images_per_second for epoch in record.epochs]
        if len(speeds) > 1 and max(speeds) / min(speeds) - 1 > _NOISY:
            yield Finding(
                id="uneven-speed",
                severity="warning",
                message=f"The epochs of {record.id} differ in speed by {max(speeds) / min(speeds) - 1:.0%}.",
                advice="Something else may have used the machine; repeat with --runs 5 on an idle one.",
                trials=(record.id,),
            )


def _said(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        for warning in record.warnings:
            yield Finding(
                id="worker-warning",
                severity="note",
                message=f"{record.id}: {warning}.",
                advice="The worker said so itself.",
                trials=(record.id,),
            )


def _busy(load: float, cores: int) -> Finding:
    return Finding(
        id="busy-machine",
        severity="warning",
        message=f"The machine was busy when the comparison began: load {load:.1f} on {cores} cores.",
        advice="Speeds are not to be trusted; close what else runs and repeat.",
    )


_BECAME = {
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.SKIPPED: "was skipped",
    Status.INTERRUPTED: "was interrupted",
}

_CHECKS: tuple[Callable[[Sequence[Record]], Iterator[Finding]], ...] = (
    _not_done,
    _version_differs,
    _parameters_differ,
    _accuracy_mismatch,
    _audit_red,
    _data_differ,
    _starts_differ,
    _orders_differ,
    _events_lost,
    _rejected,
    _reconnected,
    _diverged,
    _uneven,
    _said,
)
