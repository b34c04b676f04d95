"""Records → summary: pure. Everything that a report says is computed here or in what this calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from orchestrator.analyse import confounders as ledger
from orchestrator.analyse.accuracy import Answers, differences
from orchestrator.analyse.attribution import make_explanation
from orchestrator.analyse.claims import claims
from orchestrator.analyse.claims_overall import single_seed_note
from orchestrator.analyse.findings import findings
from orchestrator.analyse.parity import Steps, divergences
from orchestrator.analyse.summary import Audit, Comparison, EpochSummary, Summary, TrialSummary
from orchestrator.audit.audit import TOLERANCES
from orchestrator.audit.line import AuditLine
from orchestrator.plan.walk import Walk
from orchestrator.record.record import Record, Status


def analyse(
    comparison: Comparison,
    environment: Mapping[str, str],
    records: Sequence[Record],
    *,
    cores: int,
    load: float | None = None,
    steps: Sequence[Steps] = (),
    answers: Sequence[Answers] = (),
    way: Walk | None = None,
) -> Summary:
    """Sum up a comparison.

    `load` is the machine's one-minute load when it began, `steps` and `answers` are what trials of the matched track
    left, `way` is the walk that the comparison is.
    """
    trials = tuple(summarise_trial(record) for record in records)
    apart = divergences(steps, comparison.reference)
    return Summary(
        comparison=comparison.model_copy(
            update={
                "audits": audits(records),
                "divergences": apart,
                "accuracies": differences(answers, comparison.reference),
                "claims": claims(_of_the_article(trials)),
                "single_seed_note": single_seed_note(comparison.seeds),
            }
        ),
        environment=ledger.folded(environment, list(dict.fromkeys(cell.contender for cell in comparison.cells))),
        findings=findings(records, cores, load, apart),
        trials=trials,
        explanation=make_explanation(way, trials) if way else None,
    )


def audits(records: Sequence[Record]) -> tuple[Audit, ...]:
    """Sum up each trial's audit by its worst tensor."""
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
    shared = {name: getattr(record, name) for name in TrialSummary.model_fields if name in Record.model_fields}
    return TrialSummary.model_validate(
        {
            **shared,
            "log_tail": () if record.status is Status.DONE else record.stderr_tail,
            "train_loss": last.train_loss if last else None,
            "val_loss": last.val_loss if last else None,
            "images_per_second": median(speeds) if speeds else None,
            "epochs": tuple(
                EpochSummary(**epoch.model_dump(include=set(EpochSummary.model_fields))) for epoch in record.epochs
            ),
        }
    )
