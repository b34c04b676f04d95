"""What a report says of contenders against the reference: verdicts on throughput, costs, and accuracy over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from orchestrator import text as words
from orchestrator.analyse.metrics import METRICS
from orchestrator.analyse.summary import AccuracyEquivalence, Comparison, MetricRatio, Summary
from orchestrator.report.captions import claims_of, way_to_a_claim
from orchestrator.spec.interim_schedule import in_words
from orchestrator.spec.tracks import TRACKS

Row = TypeVar("Row", MetricRatio, AccuracyEquivalence)

TITLES = {metric.name: metric.title for metric in METRICS}


def sections(summary: Summary) -> list[str]:
    """Return Markdown blocks: a row a contender and recipe, and what a claim would take; nothing of a single one."""
    rows = claims_of(summary.ratios)
    if not rows:
        return []
    heads = ["contender", "recipe", "verdict", "blocks", "ratio", "interval"]
    title = f"## Images/s over {words.markdown(summary.comparison.reference)}"
    return [
        title,
        *_by_track(summary, rows, heads, _verdict, left=3),
        *_looks(summary),
        *_forecast(summary),
        *_accuracy(summary),
    ]


def how_taken(comparison: Comparison, rows: Sequence[MetricRatio]) -> str:
    """Say whether ratios were taken by turns or of whole trials."""
    blocks, by_turns = sum(len(row.ratios) for row in rows), sum(row.blocks_by_turns for row in rows)
    if not by_turns:
        return "Trials ran as a whole, one after another."
    turns = (
        f"The contenders of a block were alive at once and trained by turns of about {comparison.turn_seconds:g} s; "
        "its ratio is the median over the rounds of turns."
    )
    if whole := blocks - by_turns:
        turns += f" Of {whole} of {blocks} ratios it is that of whole trials, since too few rounds were shared."
    return turns


def _looks(summary: Summary) -> list[str]:
    """Say of a run that ended once all was decided where it was looked at, and how intervals narrowed."""
    if summary.look is None:
        return []
    blocks = summary.look.blocks
    end = "the run has not ended yet" if summary.look.next_blocks else "nothing is left that more blocks would decide"
    text = (
        f"This run had looks due after {in_words()} blocks, and nowhere else. It has {blocks}: {end}. Each look has a "
        "wider interval than a run of a fixed number of blocks, so that all looks together keep that level."
    )
    return [text]


def _forecast(summary: Summary) -> list[str]:
    forecast = summary.claim_forecast
    return [f"{way_to_a_claim(forecast)} {words.code(forecast.command)}"] if forecast else []


def _accuracy(summary: Summary) -> list[str]:
    if len(summary.comparison.seeds) == 1 or not summary.accuracy_equivalences:
        return []
    heads = ["contender", "recipe", "verdict", "seeds", "difference (points)", "90 % interval"]
    tables = _by_track(summary, summary.accuracy_equivalences, heads, _equivalence, left=3)
    return ["## Test accuracy over seeds", *tables]


def _by_track(
    summary: Summary, rows: Sequence[Row], heads: Sequence[str], cells: Callable[[Row], list[str]], *, left: int
) -> list[str]:
    tracks = {cell.recipe: cell.track for cell in summary.comparison.cells}
    groups: Iterable[tuple[str, list[Row]]] = (
        (track, [row for row in rows if tracks[row.recipe] == track]) for track in TRACKS
    )
    return [
        block
        for track, group in groups
        if group
        for block in (f"### {words.track(track)}", words.table(heads, map(cells, group), left=left))
    ]


def _verdict(row: MetricRatio) -> list[str]:
    return [*map(words.markdown, (row.contender, row.recipe, row.verdict.words)), *_numbers(row)]


def _numbers(row: MetricRatio) -> list[str]:
    return [
        str(row.verdict.blocks),
        words.ratio(row.verdict.estimate, 3),
        words.interval(row.verdict.interval),
    ]


def _equivalence(row: AccuracyEquivalence) -> list[str]:
    verdict = row.verdict
    low, high = (words.points(bound) for bound in verdict.interval) if verdict.interval else (words.ABSENT, "")
    return [
        *map(words.markdown, (row.contender, row.recipe, verdict.words)),
        str(verdict.seeds),
        words.ABSENT if verdict.difference is None else words.points(verdict.difference),
        f"{low} to {high}" if high else low,
    ]
