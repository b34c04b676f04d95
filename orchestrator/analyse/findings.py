"""Cautions across trials, each with its advice, and the list of all checks. Pure.

What a careful reader would ask about the numbers is asked here before it is asked of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.analyse.carry_over_findings import CARRY_OVER_CHECKS
from orchestrator.analyse.confounders import (
    Relevance,
    facts_by_contender,
    find_confounders,
    relevance,
    worker_facts,
)
from orchestrator.analyse.finding_rule import Check, CheckInput, Found, finding
from orchestrator.analyse.machine_findings import MACHINE_CHECKS
from orchestrator.analyse.metrics import FEWEST_EPOCHS, FEWEST_SECONDS
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.series_findings import SERIES_CHECKS
from orchestrator.analyse.summary import Finding, StepDifference
from orchestrator.analyse.trial_findings import TRIAL_CHECKS, not_done, worker_warning
from orchestrator.analyse.verified_findings import VERIFIED_CHECKS
from orchestrator.record.record import Record, Status

UNEVEN_SHARE = 0.10
"""By more than this share of speed, the epochs of one trial differ enough to say so."""

MISTAKE_TOLERANCES = 100
"""Tolerances of parity: rounding that kinks amplified was seen at 23, where biases started at 0."""

BUSY_LOAD = 0.5
"""One-minute load a core, above which the machine was busy."""


def findings(run: CheckInput) -> tuple[Finding, ...]:
    """Return every caution, errors first."""
    found = [finding for check in CHECKS for finding in check(run)]
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: rank[finding.severity]))


@finding("data-differ", "error", "Remove the data with `bakeoff clean --data` and run again.")
def data_differ(run: CheckInput) -> Iterator[Found]:
    for recipe in dict.fromkeys(record.recipe for record in run.records):
        same = [record for record in run.records if record.recipe == recipe and record.data_sha256]
        if len({record.data_sha256 for record in same}) > 1:
            yield Found(f"The contenders of {recipe} did not read the same images.", _ids(same))


@finding(
    "start-differs",
    "error",
    "A contender's model.py maps the shared weights wrongly; do not compare these trials.",
)
def starts_differ(run: CheckInput) -> Iterator[Found]:
    starts = {record.id: record.initial_weights_sha256 for record in run.records if record.shared_start}
    for trials in _differing(run.records, starts):
        yield Found(f"{', '.join(trials)} were to start from the same weights and did not.", trials)


@finding(
    "order-differs",
    "error",
    "A contender's training.py does not follow the shared order; do not compare these trials.",
)
def orders_differ(run: CheckInput) -> Iterator[Found]:
    orders = {
        record.id: tuple(epoch.order_sha256 for epoch in record.epochs) for record in run.records if record.shared_order
    }
    for trials in _differing(run.records, orders):
        yield Found(f"{', '.join(trials)} were to see the same images in the same order and did not.", trials)


def _differing(records: Sequence[Record], values: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Yield the done trials of one recipe and seed whose values, by trial, are not all the same."""
    done = [record for record in records if record.id in values and record.status is Status.DONE]
    for recipe, seed in dict.fromkeys((record.recipe, record.seed) for record in done):
        trials = _ids([record for record in done if (record.recipe, record.seed) == (recipe, seed)])
        if len({values[trial] for trial in trials}) > 1:
            yield trials


@finding(
    "facts-vary",
    "note",
    "Something changed on the machine or in the image meanwhile; each record.json has its facts.",
)
def facts_vary(run: CheckInput) -> Iterator[Found]:
    """Trials of one contender and recipe are to run alike: whatever moved between them moved their numbers too."""
    for contender, recipe in dict.fromkeys((record.contender, record.recipe) for record in run.records):
        same = [
            record
            for record in run.records
            if (record.contender, record.recipe) == (contender, recipe) and record.framework
        ]
        if names := _varying_facts(same):
            message = f"The trials of {contender} on {recipe} did not run alike: {', '.join(names)} changed."
            yield Found(message, _ids(same))


def _varying_facts(records: Sequence[Record]) -> list[str]:
    """Name the facts, but for minor ones, in which trials differ."""
    facts = [worker_facts(record) for record in records]
    gpu = any(record.device != "cpu" for record in records)
    names = {name for each in facts for name in each if relevance(name, gpu=gpu) is not Relevance.MINOR}
    return sorted(name for name in names if len({each.get(name, "") for each in facts}) > 1)


@finding(
    "more-than-the-version",
    "note",
    "A difference between them may come from these and not from the framework's own code.",
)
def more_than_the_version(run: CheckInput) -> Iterator[Found]:
    """Compare each version of a framework with the first: what else differs may be what is measured."""
    for framework in dict.fromkeys(record.framework for record in run.records if record.framework):
        records = [record for record in run.records if record.framework == framework]
        first, *others = dict.fromkeys(record.contender for record in records)
        for other in others:
            pair = [record for record in records if record.contender in (first, other)]
            confounders = find_confounders(facts_by_contender(pair), (first, other))
            if confounders.changing_results:
                message = f"{first} and {other} differ besides the version in what changes results or speed:"
                yield Found(f"{message} {confounders.names}.", _ids(pair))


@finding("uneven-speed", "warning", "Something else may have used the machine; repeat on an idle one.")
def uneven_speed(run: CheckInput) -> Iterator[Found]:
    spreads = {record.id: _spread(record) for record in run.records}
    uneven = {trial: spread for trial, spread in spreads.items() if spread > UNEVEN_SHARE}
    if uneven:
        worst = max(uneven, key=lambda trial: uneven[trial])
        more = len(uneven) - 1
        others = f", and those of {more} more trial{'s' * (more > 1)} by over {UNEVEN_SHARE:.0%}" if more else ""
        yield Found(f"The epochs of {worst} differ in speed by {uneven[worst]:.0%}{others}.", tuple(uneven))


def _spread(record: Record) -> float:
    speeds = [epoch.images_per_second for epoch in record.epochs]
    return max(speeds) / min(speeds) - 1 if speeds else 0.0


@finding(
    "parity-broken",
    "warning",
    "They do not train the same way, or the machine computes less exactly than it says; look at the audit.",
)
def parity_broken(run: CheckInput) -> Iterator[Found]:
    for pair in run.differences:
        if pair.kind == "between" and _is_mistake(pair):
            first, second = pair.trials
            yield Found(
                f"{first} and {second} part at step {pair.first_beyond}: their losses differ by up to "
                f"{pair.largest_early:.1e} within {EARLY_STEPS} steps, the tolerance is {pair.tolerance:.0e}.",
                pair.trials,
            )


def _is_mistake(pair: StepDifference) -> bool:
    """Tell a mistake from rounding that an image at a kink amplified: it is larger, and there from the beginning."""
    early = pair.first_beyond is not None and pair.first_beyond <= EARLY_STEPS
    return early and pair.largest_early > MISTAKE_TOLERANCES * pair.tolerance


@finding("busy-machine", "warning", "Speeds are not to be trusted; close what else runs and repeat.")
def busy_machine(run: CheckInput) -> Iterator[Found]:
    if run.load is not None and run.load > BUSY_LOAD * run.cores:
        cores = f"{run.cores} core{'' if run.cores == 1 else 's'}"
        yield Found(f"The machine was busy when the comparison began: load {run.load:.1f} on {cores}.")


IDLE_SHARE = 0.01
"""Of a core, that a worker may use while another one trains."""


@finding("not-idle", "warning", "What it computed then slowed the others: do not trust the speeds of its block.")
def not_idle(run: CheckInput) -> Iterator[Found]:
    """Tell of workers that computed while they waited for their turns, by the CPU time of their processes."""
    for record in run.records:
        share = record.waits.sampled_cpu_seconds / record.waits.sampled_seconds if record.waits.sampled_seconds else 0.0
        if share > IDLE_SHARE:
            yield Found(f"{record.id} used {share:.1%} of a core while others had their turns.", (record.id,))


@finding("variable-ignored", "warning", "Workers get the trial's own variables, so that every machine runs the same.")
def variable_ignored(run: CheckInput) -> Iterator[Found]:
    for name, value in run.variables.items():
        yield Found(f"{name} is set to {value}.")


@finding("cpu-quota", "warning", "Raise the limit, or read these speeds as those under it and under no other.")
def cpu_quota(run: CheckInput) -> Iterator[Found]:
    """Beyond a quota a worker is held still for a part of each tenth of a second, however many threads it has."""
    limited = {record.id: quota for record in run.records if (quota := _binding_quota(worker_facts(record)))}
    if limited:
        yield Found(f"A limit on CPU time left workers {min(limited.values()):g} cores.", tuple(limited))


def _binding_quota(facts: Mapping[str, str]) -> float | None:
    """Return the quota that a worker told, in cores, where it is less than the CPUs that it might run on."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) cores", facts.get("cpu_quota", ""))
    cpus = facts.get("cpu_affinity", "")
    if match is None or (cpus.isdigit() and float(match[1]) >= int(cpus)):
        return None
    return float(match[1])


@finding(
    "too-short-to-time",
    "note",
    "No difference in speed is claimed of them; train longer: --epochs, --train-images, --profile article.",
)
def too_short(run: CheckInput) -> Iterator[Found]:
    if run.short:
        few = "1 trial has" if len(run.short) == 1 else f"{len(run.short)} trials have"
        yield Found(f"{few} less than {FEWEST_EPOCHS} epochs or {FEWEST_SECONDS:.0f} s of training.", tuple(run.short))


@finding("answers-unread", "note", "Fetch it with `bakeoff data`, then analyse again with `bakeoff report --again`.")
def answers_unread(run: CheckInput) -> Iterator[Found]:
    if run.unread_answers:
        message = "Test accuracies are not compared image by image: the data set is not on this machine."
        yield Found(message, tuple(run.unread_answers))


def _ids(records: Sequence[Record]) -> tuple[str, ...]:
    return tuple(record.id for record in records)


CHECKS: tuple[Check, ...] = (
    not_done,
    data_differ,
    starts_differ,
    orders_differ,
    facts_vary,
    more_than_the_version,
    uneven_speed,
    worker_warning,
    *TRIAL_CHECKS,
    *VERIFIED_CHECKS,
    parity_broken,
    *SERIES_CHECKS,
    *CARRY_OVER_CHECKS,
    *MACHINE_CHECKS,
    busy_machine,
    not_idle,
    variable_ignored,
    cpu_quota,
    too_short,
    answers_unread,
)
"""In the order of a report's findings of one severity."""
