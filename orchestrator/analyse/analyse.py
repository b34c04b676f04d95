"""A run's records → its summary: pure. Every number and verdict that a report shows is computed here or below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from orchestrator.analyse.accuracy import accuracy_differences
from orchestrator.analyse.accuracy_over_seeds import accuracy_equivalences
from orchestrator.analyse.attribution import make_explanation
from orchestrator.analyse.claim_forecast import claim_forecast
from orchestrator.analyse.claims import claims
from orchestrator.analyse.claims_overall import claims_over_seeds, framework_or_recipe, single_seed_note
from orchestrator.analyse.confounders import facts_by_contender
from orchestrator.analyse.finding_rule import CheckInput
from orchestrator.analyse.findings import findings
from orchestrator.analyse.gate import judge_gate
from orchestrator.analyse.image_answers import confusions, shown_images
from orchestrator.analyse.interim_analysis import look
from orchestrator.analyse.interim_look import Look
from orchestrator.analyse.load import RunResults
from orchestrator.analyse.parity import step_differences
from orchestrator.analyse.ratios import metric_ratios, short_trials, with_ratios
from orchestrator.analyse.stacks import stack_differences
from orchestrator.analyse.summary import Audit, Comparison, Environment, StepDifference, Summary, TrialSummary
from orchestrator.audit.audit import TOLERANCES
from orchestrator.audit.line import AuditLine
from orchestrator.record.record import Record, Status, TrialResult
from orchestrator.spec.variables import FACT


def analyse(run: RunResults) -> Summary:
    """Summarise a run: its trials, what they show, and what to be careful about."""
    comparison, records, reference = run.comparison, run.records, run.comparison.reference
    audits = summarise_audits(records)
    turns = {record.id: record.turns for record in records}
    trials = with_ratios([summarise_trial(record) for record in records], reference, audits, turns)
    found_claims = claims(_of_the_article(trials))
    overall = claims_over_seeds(comparison, trials, found_claims)
    differences = step_differences(run.steps, reference)
    workers = facts_by_contender(records)
    ratios = metric_ratios(comparison, trials, audits, turns)
    budget, tested = comparison.budget, run.tested
    return Summary(
        comparison=comparison,
        environment=Environment(host=run.environment.host, workers=workers),
        stacks=() if run.walk else stack_differences(workers),
        findings=findings(_check_input(run, trials, differences)),
        trials=trials,
        audits=audits,
        step_differences=differences,
        accuracies=accuracy_differences(run.answers, reference),
        ratios=ratios,
        look=look(comparison, trials, audits, turns) if comparison.until_decided else None,
        gate=judge_gate(budget, comparison, trials, audits, ratios) if budget else None,
        claim_forecast=claim_forecast(comparison, trials),
        accuracy_equivalences=accuracy_equivalences(comparison, trials, audits),
        sentinel=run.sentinel,
        claims=found_claims,
        claims_overall=overall,
        readings=framework_or_recipe(comparison, found_claims, overall),
        single_seed_note=single_seed_note(comparison.seeds),
        explanation=make_explanation(run.walk, trials) if run.walk else None,
        programs=tuple(run.programs),
        confusions=confusions(tested.trials, tested.labels) if tested else (),
        shown_images=shown_images(tested.trials, tested.labels, tested.images) if tested else (),
    )


def _check_input(run: RunResults, trials: Sequence[TrialSummary], differences: Sequence[StepDifference]) -> CheckInput:
    host = run.environment.host
    return CheckInput(
        run.records,
        run.cores,
        run.load,
        differences,
        run.unread_answers,
        variables={name.removeprefix(FACT): fact for name, fact in host.items() if name.startswith(FACT)},
        short=short_trials(run.comparison, trials),
        sentinel=run.sentinel.readings if run.sentinel else (),
        host=host,
    )


def look_at_records(comparison: Comparison, records: Sequence[Record]) -> Look:
    """Look at a run under way: at the records so far."""
    trials = [summarise_trial(record) for record in records]
    return look(comparison, trials, summarise_audits(records), {record.id: record.turns for record in records})


def summarise_audits(records: Sequence[Record]) -> tuple[Audit, ...]:
    """Summarise each trial's audit by its worst tensor."""
    return tuple(_audit(record) for record in records if record.audit)


def _audit(record: Record) -> Audit:
    worst = max(record.audit, key=_error)
    agreeing = sum(line.agrees for line in record.audit)
    return Audit(
        trial=record.id,
        contender=record.contender,
        recipe=record.recipe,
        tensors=len(record.audit),
        agreeing=agreeing,
        worst_tensor=worst.tensor,
        worst_norm_relative_error=worst.norm_relative_error,
        tolerance=TOLERANCES[record.precision],
        agrees=agreeing == len(record.audit),
    )


def _error(line: AuditLine) -> float:
    return math.inf if line.norm_relative_error is None else line.norm_relative_error


def _of_the_article(trials: Sequence[TrialSummary]) -> list[TrialSummary]:
    """Pick the trials that the article's statements are about."""
    return [trial for trial in trials if trial.recipe.startswith("article-")]


def summarise_trial(record: Record) -> TrialSummary:
    """Project a record to its row of summary.json. Speed is the median over epochs: one slow epoch does not move it."""
    last = record.epochs[-1] if record.epochs else None
    speeds = [epoch.images_per_second for epoch in record.epochs]
    result = {name: getattr(record, name) for name in TrialResult.model_fields}
    return TrialSummary(
        **result,
        log_tail=() if record.status is Status.DONE else record.stderr_tail,
        train_loss=last.train_loss if last else None,
        val_loss=last.val_loss if last else None,
        images_per_second=median(speeds) if speeds else None,
    )
