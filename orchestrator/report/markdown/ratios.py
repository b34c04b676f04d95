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
    """Return the sections as Markdown blocks; nothing where no contender stands beside the reference."""
    return [*_throughput(summary), *_costs(summary), *_accuracy(summary)]


def _throughput(summary: Summary) -> list[str]:
    rows = claims_of(summary.ratios)
    if not rows:
        return []
    heads = ["contender", "recipe", "verdict", "blocks", "ratio", "interval"]
    level = words.percent(rows[0].verdict.level)
    text = (
        f"Images/s over {words.markdown(summary.comparison.reference)}, a ratio a block (same recipe, seed and run). "
        f"The interval is the exact signed-rank interval, of {level} %: together the comparisons of this report claim "
        "a difference that is not there in at most 5 of 100 reports. The order within each block was drawn by lot, "
        f"from the seed {summary.comparison.order_seed}. {how_taken(summary.comparison, rows)}"
    )
    tables = _by_track(summary, rows, heads, _verdict, left=3)
    ratios = _by_track(summary, rows, ["contender", "recipe", "images/s over the reference's"], _blocks, left=3)
    return [
        "## Speed against the reference",
        *tables,
        text,
        *_looks(summary),
        *_forecast(summary),
        *words.fold("Block by block, in the order of running", "\n\n".join(ratios)),
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
    rows = [
        [
            words.markdown(each.contender),
            words.markdown(each.recipe),
            str(interval.blocks),
            words.interval(interval.bounds),
        ]
        for each in summary.look.comparisons
        for interval in each.intervals
    ]
    table = words.table(["contender", "recipe", "blocks", "interval"], rows, left=2)
    return [text, *(words.fold("Interval by look", table) if rows else [])]


def _forecast(summary: Summary) -> list[str]:
    forecast = summary.claim_forecast
    return [f"{way_to_a_claim(forecast)} {words.code(forecast.command)}"] if forecast else []


def _costs(summary: Summary) -> list[str]:
    rows = [row for row in summary.ratios if row.metric != "throughput"]
    if not rows:
        return []
    heads = ["contender", "recipe", "what", "blocks", "ratio", "interval"]
    text = (
        "Over the reference's, block by block, by the same rule. These are estimates: no difference of them is claimed."
    )
    return ["## Other costs against the reference", *_by_track(summary, rows, heads, _cost, left=3), text]


def _accuracy(summary: Summary) -> list[str]:
    if len(summary.comparison.seeds) == 1 or not summary.accuracy_equivalences:
        return []
    heads = ["contender", "recipe", "verdict", "seeds", "difference (points)", "90 % interval"]
    text = (
        "Test accuracy minus the reference's, a difference a seed. Accuracies are equal within the margin where the "
        "whole 90 % interval (Student's t) lies within it: two one-sided tests at 5 %."
    )
    tables = _by_track(summary, summary.accuracy_equivalences, heads, _equivalence, left=3)
    return ["## Test accuracy over seeds", *tables, text]


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


def _cost(row: MetricRatio) -> list[str]:
    return [*map(words.markdown, (row.contender, row.recipe, TITLES[row.metric])), *_numbers(row)]


def _numbers(row: MetricRatio) -> list[str]:
    return [
        str(row.verdict.blocks),
        words.ratio(row.verdict.estimate, 3),
        words.interval(row.verdict.interval),
    ]


def _blocks(row: MetricRatio) -> list[str]:
    ratios = " ".join(f"{ratio:.3f}" for ratio in row.ratios)
    return [words.markdown(row.contender), words.markdown(row.recipe), ratios]


def _equivalence(row: AccuracyEquivalence) -> list[str]:
    verdict = row.verdict
    low, high = (words.points(bound) for bound in verdict.interval) if verdict.interval else (words.ABSENT, "")
    return [
        *map(words.markdown, (row.contender, row.recipe, verdict.words)),
        str(verdict.seeds),
        words.ABSENT if verdict.difference is None else words.points(verdict.difference),
        f"{low} to {high}" if high else low,
    ]
