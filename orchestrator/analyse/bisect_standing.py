"""How a version stands against the good one, by one interval, in a run that compared them. Pure."""

from __future__ import annotations

from orchestrator.analyse.bisect_answer import Question, Standing, VersionFound
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.metrics import counts
from orchestrator.analyse.ratio_verdict import DURATION, SIZE, RatioVerdict, judge
from orchestrator.analyse.ratios import claim_rule
from orchestrator.analyse.summary import MetricName, MetricRatio, Summary

_TERMS = {"first_step_seconds": DURATION, "start_up_seconds": DURATION, "peak_memory_bytes": SIZE}
"""Of the metrics of which more is worse; of throughput less is."""

REFERENCE = "the version that the others are held against"


def standing(metric: MetricName, verdict: RatioVerdict) -> Standing:
    """Say how a version stands, by the interval of its metric over the good version's.

    What is not shown is never read as good: good is a version whose interval leaves out every ratio that is worse by
    the margin or more.
    """
    if verdict.interval is None:
        return "not-decided"
    low, high = verdict.interval
    if metric in _TERMS:
        low, high = 1 / high, 1 / low
    if low > 1 / (1 + verdict.margin):
        return "good"
    return "bad" if high < 1 else "not-decided"


def found_in(summary: Summary, question: Question) -> dict[str, VersionFound]:
    """Return what a run says of the versions that it compared; those without a trial that is done are skipped."""
    compared = {cell.contender for cell in summary.comparison.cells}
    versions = [version for version in question.versions if question.written(version) in compared]
    return {version: _found(version, summary, question) for version in versions}


def _found(version: str, summary: Summary, question: Question) -> VersionFound:
    contender, run = question.written(version), summary.comparison.id
    trials = [trial for trial in summary.trials if trial.contender == contender and trial.role == "measured"]
    if not any(map(counts, trials)):
        reason = next((trial.reason for trial in trials if trial.reason), "no trial of it has run")
        return VersionFound(version=version, standing="skipped", words=reason, run=run)
    if version == question.good:
        return VersionFound(version=version, standing="reference", words=REFERENCE, run=run)
    place = (question.metric, contender)
    row = next((row for row in summary.ratios if (row.metric, row.contender) == place), None)
    if row is None:
        words = "no claim: no block holds it beside the good version, or an audit is red"
        return VersionFound(version=version, standing="not-decided", words=words, run=run)
    verdict = _verdict(row, claim_rule(summary.comparison))
    return VersionFound(
        version=version,
        standing=standing(question.metric, verdict),
        words=verdict.words,
        estimate=verdict.estimate,
        interval=verdict.interval,
        ratios=row.ratios,
        run=run,
    )


def _verdict(row: MetricRatio, rule: ClaimRule) -> RatioVerdict:
    """Return the report's verdict; of a metric that it only estimates, one by the same rule, since it was asked for."""
    terms = _TERMS.get(row.metric)
    return judge(row.ratios, rule, terms=terms) if terms else row.verdict
