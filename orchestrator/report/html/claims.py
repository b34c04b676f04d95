"""The sections on the article's claims, and on test accuracy over seeds."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.claims import DEFINITIONS
from orchestrator.analyse.summary import AccuracyEquivalence, Claim, Summary
from orchestrator.report.html.blocks import Block, Bullets, Paragraph, Section, Term, Terms, table


def section(summary: Summary) -> Section:
    """Return the claims; over seeds their verdicts stand first, trials are folded."""
    if not summary.claims:
        return Section("claims", "", ())
    meanings = tuple(Term(f"{each.name}. “{each.statement}”", each.meaning) for each in DEFINITIONS)
    text = (
        "Of the as-written track. A number is of the trial's own curve, whichever framework the article meant. On "
        "which side of a threshold one run's number lies is no verdict: verdicts are over seeds."
    )
    heads = ["claim", "contender", "recipe", "trial", "from the threshold", "value", "unit"]
    trials = table("Claims trial by trial", heads, map(_claim, summary.claims), left=5)
    blocks: list[Block] = [*_overall(summary), trials, Paragraph(text)]
    blocks += [Bullets(tuple(summary.readings))] if summary.readings else []
    blocks += [Paragraph(summary.single_seed_note)] if summary.single_seed_note else []
    return Section("claims", "The article’s claims", (*blocks, Terms(meanings)))


def _overall(summary: Summary) -> list[Block]:
    if not summary.claims_overall:
        return []
    rows = [
        [
            claim.id,
            claim.contender,
            claim.recipe,
            claim.verdict,
            words.number(claim.median),
            words.interval(claim.interval),
            claim.unit,
        ]
        for claim in summary.claims_overall
    ]
    heads = ["claim", "contender", "recipe", "verdict", "median", "interval", "unit"]
    text = "Over seeds: the median with its 95 % interval by the sign test, which takes six seeds."
    return [table("Claims over seeds", heads, rows, left=4), Paragraph(text)]


def _claim(claim: Claim) -> list[str]:
    names = [claim.id, claim.contender, claim.recipe, claim.trial, claim.words]
    return [*names, words.number(claim.value), claim.unit]


def accuracy_over_seeds(summary: Summary) -> Section:
    """Return whether contenders are equally accurate, where there are seeds to tell."""
    if len(summary.comparison.seeds) == 1 or not summary.accuracy_equivalences:
        return Section("accuracy", "", ())
    heads = ["contender", "recipe", "verdict", "seeds", "difference (points)", "90 % interval"]
    text = (
        "Test accuracy minus the reference's, a difference a seed. Accuracies are equal within the margin where the "
        "whole 90 % interval (Student's t) lies within it: two one-sided tests at 5 %."
    )
    rows = map(_equivalence, summary.accuracy_equivalences)
    title = f"Test accuracy against {summary.comparison.reference}"
    return Section("accuracy", "Test accuracy over seeds", (table(title, heads, rows, left=3), Paragraph(text)))


def _equivalence(row: AccuracyEquivalence) -> list[str]:
    verdict = row.verdict
    between = " to ".join(map(words.points, verdict.interval)) if verdict.interval else words.ABSENT
    difference = words.ABSENT if verdict.difference is None else words.points(verdict.difference)
    return [row.contender, row.recipe, verdict.words, str(verdict.seeds), difference, between]
