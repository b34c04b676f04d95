"""Test accuracies against the reference over seeds, with the verdict whether they are equal within a margin. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from orchestrator.analyse.accuracy_equivalence import judge_accuracies
from orchestrator.analyse.ratios import audits_agree
from orchestrator.analyse.summary import AccuracyEquivalence, Audit, Cell, Comparison, TrialSummary
from orchestrator.record.record import Status


def accuracy_equivalences(
    comparison: Comparison, trials: Sequence[TrialSummary], audits: Sequence[Audit]
) -> tuple[AccuracyEquivalence, ...]:
    """Compare each contender with the reference; left out are walks, red audits, and what shares no seed."""
    others = [cell for cell in comparison.cells if cell.contender != comparison.reference]
    compared = [cell for cell in others if comparison.kind != "walk" and audits_agree(audits, cell.recipe)]
    rows = (_row(comparison, cell, trials) for cell in compared)
    return tuple(row for row in rows if row.differences)


def _row(comparison: Comparison, cell: Cell, trials: Sequence[TrialSummary]) -> AccuracyEquivalence:
    mine, theirs = (_by_seed(trials, contender, cell.recipe) for contender in (cell.contender, comparison.reference))
    differences = tuple(mine[seed] - theirs[seed] for seed in sorted(mine.keys() & theirs.keys()))
    return AccuracyEquivalence(
        contender=cell.contender,
        reference=comparison.reference,
        recipe=cell.recipe,
        differences=differences,
        verdict=judge_accuracies(differences, comparison.accuracy_margin),
    )


def _by_seed(trials: Sequence[TrialSummary], contender: str, recipe: str) -> dict[int, float]:
    """Return one accuracy a seed: repetitions of a seed are no new evidence, so their mean counts once."""
    found: dict[int, list[float]] = {}
    place = (Status.DONE, "measured", contender, recipe)
    for trial in trials:
        if (trial.status, trial.role, trial.contender, trial.recipe) == place and trial.test_accuracy is not None:
            found.setdefault(trial.seed, []).append(trial.test_accuracy)
    return {seed: fmean(accuracies) for seed, accuracies in found.items()}
