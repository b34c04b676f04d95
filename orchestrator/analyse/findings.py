"""Cautions with advice: pure. What a careful reader would ask about the numbers, asked first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.analyse import confounders as ledger
from orchestrator.analyse.confounders import Weight, weigh
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import Divergence, Finding
from orchestrator.engines.engine import FOREIGN
from orchestrator.record.causes import next_step
from orchestrator.record.record import Record, Status
from orchestrator.spec.contenders import RELAXATIONS

_NOISY = 0.10  # share by which the epochs of one trial may differ in speed before a word is said
_ACCURACY_TOLERANCE = 1e-9
_MISTAKEN = 100  # tolerances of parity: rounding that kinks amplified was seen at 23, where biases started at 0

Severity = Literal["error", "warning", "note"]
Question = Callable[[Sequence[Record]], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A question asked of every trial; `message` says what was found, None where there is nothing."""

    id: str
    severity: Severity
    advice: str
    message: Callable[[Record], str | None]

    def __call__(self, records: Sequence[Record]) -> Iterator[Finding]:
        for record in records:
            if (message := self.message(record)) is not None:
                yield Finding(
                    id=self.id, severity=self.severity, message=message, advice=self.advice, trials=(record.id,)
                )


def findings(
    records: Sequence[Record], cores: int, load: float | None, divergences: Sequence[Divergence] = ()
) -> tuple[Finding, ...]:
    """Return every caution, errors first."""
    checks: tuple[Question, ...] = (*_OF_SEVERAL, *_OF_ONE)
    found = [finding for check in checks for finding in check(records)]
    found += [_parted(each) for each in divergences if each.kind == "between" and _mistaken(each)]
    if load is not None and load > 0.5 * cores:
        found.append(_busy(load, cores))
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: rank[finding.severity]))


def _version(record: Record) -> str | None:
    _, equals, asked = record.contender.partition("==")
    got = record.framework_version
    if not equals or got is None or got.partition("+")[0] == asked.partition("+")[0]:
        return None
    return f"{record.id} was asked for {record.contender} and ran {got}."


def _parameters(record: Record) -> str | None:
    if record.parameters is None or record.parameters == record.expected_parameters:
        return None
    return f"{record.id} trained {record.parameters:,} parameters, its recipe has {record.expected_parameters:,}."


def _accuracy(record: Record) -> str | None:
    told, counted = record.worker_test_accuracy, record.test_accuracy
    if told is None or counted is None or abs(told - counted) <= _ACCURACY_TOLERANCE:
        return None
    return f"{record.id} says test accuracy {told:.4f}; its own logits give {counted:.4f}."


def _audit(record: Record) -> str | None:
    wrong = [line for line in record.audit if not line.agrees]
    if not wrong:
        return None
    error = wrong[0].norm_relative_error
    size = "is missing or not finite" if error is None else f"is off by {error:.1e} of its norm"
    others = f", and {len(wrong) - 1} more of {len(record.audit)} tensors are" if len(wrong) > 1 else ""
    return f"{record.id} does not compute what its recipe says: {wrong[0].tensor} {size}{others}."


def _lost(record: Record) -> str | None:
    return f"{record.id} lost {record.events.lost} of its events." if record.events.lost else None


def _rejected(record: Record) -> str | None:
    rejected = record.events.rejected
    return f"{rejected} lines of {record.id} were no events and were refused." if rejected else None


def _diverged(record: Record) -> str | None:
    return f"The loss of {record.id} stopped being a finite number." if record.diverged else None


def _reconnected(record: Record) -> str | None:
    times = record.reconnects
    return f"The live feed of {record.id} was opened again {times} times." if times else None


def _relaxed(record: Record) -> str | None:
    words = [f"{each} ({RELAXATIONS[each].meaning})" for each in record.relaxations if each in RELAXATIONS]
    return f"{record.id} ran with a restriction less: {', '.join(words)}." if words else None


def _foreign(record: Record) -> str | None:
    return f"The image of {record.id} does not say that it keeps the contract." if _is_foreign(record) else None


def _is_foreign(record: Record) -> bool:
    return record.facts.get("contract") == FOREIGN


def _paused(record: Record) -> str | None:
    seconds = record.paused_seconds
    return f"{record.id} was paused from outside for about {seconds:.0f} s." if seconds else None


def _retried(record: Record) -> str | None:
    return f"{record.id}, tried again: {'; '.join(record.retries)}." if record.retries else None


def _not_done(records: Sequence[Record]) -> Iterator[Finding]:
    for record in records:
        if record.status is not Status.DONE:
            yield Finding(
                id=f"trial-{record.status.value}",
                severity="error",
                message=f"{record.id} {_BECAME[record.status]}: {record.reason}.",
                advice=_what_to_do(record),
                trials=(record.id,),
            )


def _what_to_do(record: Record) -> str:
    step = next_step(record.cause)
    sentences = [f"{step[0].upper()}{step[1:]}." if step else ""]
    if record.image and "stderr.log" not in step:
        sentences.append("Its log is stderr.log in the trial's folder.")
    return " ".join(filter(None, sentences))


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


def _mistaken(apart: Divergence) -> bool:
    """Tell a mistake from rounding that an image at a kink amplified: it is larger, and there from the beginning."""
    early = apart.first_beyond is not None and apart.first_beyond <= EARLY_STEPS
    return early and apart.largest_early > _MISTAKEN * apart.tolerance


def _parted(apart: Divergence) -> Finding:
    first, second = apart.trials
    return Finding(
        id="parity-broken",
        severity="warning",
        message=f"{first} and {second} part at step {apart.first_beyond}: their losses differ by up to "
        f"{apart.largest_early:.1e} within {EARLY_STEPS} steps, the tolerance is {apart.tolerance:.0e}.",
        advice="They do not train the same way, or the machine computes less exactly than it says; look at the audit.",
        trials=apart.trials,
    )


def _facts_vary(records: Sequence[Record]) -> Iterator[Finding]:
    """Trials of one contender and recipe are to run alike: whatever moved between them moved their numbers too."""
    for contender, recipe in dict.fromkeys((record.contender, record.recipe) for record in records):
        same = [each for each in records if (each.contender, each.recipe) == (contender, recipe) and each.framework]
        told = [ledger.told(each) for each in same]
        gpu = any(each.device != "cpu" for each in same)
        names = {name for facts in told for name in facts if weigh(name, gpu=gpu) is not Weight.THIRD}
        vary = sorted(name for name in names if len({facts.get(name, "") for facts in told}) > 1)
        if vary:
            yield Finding(
                id="facts-vary",
                severity="note",
                message=f"The trials of {contender} on {recipe} did not run alike: {', '.join(vary)} changed.",
                advice="Something changed on the machine or in the image meanwhile; each record.json has its facts.",
                trials=tuple(each.id for each in same),
            )


def _more_than_the_version(records: Sequence[Record]) -> Iterator[Finding]:
    """Hold each version of a framework against the first: what else differs may be what is measured."""
    for framework in dict.fromkeys(record.framework for record in records if record.framework):
        mine = [record for record in records if record.framework == framework]
        first, *others = dict.fromkeys(record.contender for record in mine)
        for other in others:
            pair = [record for record in mine if record.contender in (first, other)]
            book = ledger.ledger(ledger.inside(pair), (first, other))
            if book.heaviest:
                yield Finding(
                    id="more-than-the-version",
                    severity="note",
                    message=f"{first} and {other} differ besides the version in what changes results or speed:"
                    f" {book.named}.",
                    advice="A difference between them may come from these and not from the framework's own code.",
                    trials=tuple(record.id for record in pair),
                )


def _uneven(records: Sequence[Record]) -> Iterator[Finding]:
    spreads = {record.id: _spread(record) for record in records}
    uneven = {trial: spread for trial, spread in spreads.items() if spread > _NOISY}
    if uneven:
        worst = max(uneven, key=lambda trial: uneven[trial])
        others = f", and those of {len(uneven) - 1} more trials by over {_NOISY:.0%}" if len(uneven) > 1 else ""
        yield Finding(
            id="uneven-speed",
            severity="warning",
            message=f"The epochs of {worst} differ in speed by {uneven[worst]:.0%}{others}.",
            advice="Something else may have used the machine; repeat on an idle one.",
            trials=tuple(uneven),
        )


def _spread(record: Record) -> float:
    speeds = [epoch.images_per_second for epoch in record.epochs]
    return max(speeds) / min(speeds) - 1 if speeds else 0.0


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
    Status.UNKNOWN: "was lost from sight",
}

_OF_SEVERAL: tuple[Question, ...] = (
    _not_done,
    _data_differ,
    _starts_differ,
    _orders_differ,
    _facts_vary,
    _more_than_the_version,
    _uneven,
    _said,
)

_OF_ONE = (
    Check(
        "version-differs",
        "error",
        "An interpreter named with --python brings its own version; name the contender without one.",
        _version,
    ),
    Check(
        "parameter-count",
        "error",
        "The contender's model.py does not build this recipe's network; do not compare it.",
        _parameters,
    ),
    Check("audit-red", "error", "No speed of it is compared; `bakeoff audit` lists every tensor.", _audit),
    Check(
        "accuracy-mismatch", "error", "The tables show the host's count; the worker's evaluation is wrong.", _accuracy
    ),
    Check("events-lost", "warning", "Curves may have gaps; the disk of the output volume may be full.", _lost),
    Check(
        "lines-rejected",
        "warning",
        "The file rejected.jsonl in the trial's folder has them, each with its reason.",
        _rejected,
    ),
    Check("diverged", "warning", "Lower the recipe's learning rate; its curves end where it diverged.", _diverged),
    Check(
        "foreign-image",
        "warning",
        "It ran because of --allow-foreign-image; label it bakeoff.contract once it keeps shared/README.md.",
        _foreign,
    ),
    Check(
        "restriction-relaxed",
        "note",
        "Its contender.toml asks for it; orchestrator/spec/contenders.py has the need and the price.",
        _relaxed,
    ),
    Check(
        "was-paused",
        "warning",
        "Its speed is not to be trusted: an epoch's seconds hold the pause, and caches went cold.",
        _paused,
    ),
    Check(
        "tried-again",
        "note",
        "Only images and the engine are tried again, never a measurement.",
        _retried,
    ),
    Check(
        "feed-reconnected",
        "note",
        "Training does not notice; what the feed missed was filled from the worker's own file.",
        _reconnected,
    ),
)
