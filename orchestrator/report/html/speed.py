"""The sections on speed: verdicts with every block, other costs, and what each trial came to."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse.summary import MetricRatio, Summary, TrialSummary
from orchestrator.record.cause_table import next_step
from orchestrator.report import cells
from orchestrator.report.captions import CAPTIONS, claims_of, way_to_a_claim
from orchestrator.report.html.blocks import Block, Bullets, Command, Drawings, Log, Paragraph, Section, by_track, table
from orchestrator.report.markdown.ratios import TITLES, how_taken
from orchestrator.spec.interim_schedule import in_words
from orchestrator.spec.tracks import TRACKS

LOG_LINE_LENGTH = 300


def section(summary: Summary) -> Section:
    """Return what contenders cost in time: of a comparison verdicts first, of a single contender its rate."""
    rows = claims_of(summary.ratios)
    blocks = [Drawings(("throughput",), CAPTIONS["throughput"]), *(_verdicts(summary, rows) if rows else [])]
    return Section("speed", "Speed", (*blocks, *_costs(summary)))


def _verdicts(summary: Summary, rows: Sequence[MetricRatio]) -> list[Block]:
    comparison = summary.comparison
    heads = ["contender", "recipe", "track", "verdict", "blocks", "ratio", "interval"]
    tracks = {cell.recipe: cell.track for cell in comparison.cells}
    told = [[row.contender, row.recipe, tracks[row.recipe], row.verdict.words, *_numbers(row)] for row in rows]
    text = (
        f"Images/s over {comparison.reference}, a ratio a block (same recipe, seed and run). The interval is the exact "
        f"signed-rank interval, of {words.percent(rows[0].verdict.level)} %: together the comparisons of this report "
        "claim a difference that is not there in at most 5 of 100 reports. The order within each block was drawn by "
        f"lot, from the seed {comparison.order_seed}. {how_taken(comparison, rows)}"
    )
    blocks = [[row.contender, row.recipe, " ".join(f"{each:.3f}" for each in row.ratios)] for row in rows]
    ratios = table("Ratios block by block, in the order of running", ["contender", "recipe", "ratios"], blocks, left=3)
    return [
        table(f"Images/s against {comparison.reference}", heads, told, left=4),
        Paragraph(text),
        *_looks(summary),
        *_forecast(summary),
        table(ratios.caption, ratios.heads, ratios.rows, left=3, folded=True),
    ]


def _looks(summary: Summary) -> list[Block]:
    """Say of a run that ended once all was decided where it was looked at, and how intervals narrowed."""
    if summary.look is None:
        return []
    text = (
        f"This run was looked at after {in_words()} blocks and nowhere else, until nothing was left to decide, after "
        f"{summary.look.blocks}. Each look has a wider interval than a run of a fixed number of blocks: all looks "
        "together err as often as one interval of that level."
    )
    rows = [
        [each.contender, each.recipe, str(interval.blocks), words.interval(interval.bounds)]
        for each in summary.look.comparisons
        for interval in each.intervals
    ]
    heads = ["contender", "recipe", "blocks", "interval"]
    return [Paragraph(text), *([table("Interval by look", heads, rows, left=2, folded=True)] if rows else [])]


def _forecast(summary: Summary) -> list[Block]:
    forecast = summary.claim_forecast
    return [Command(way_to_a_claim(forecast), forecast.command)] if forecast else []


def _costs(summary: Summary) -> list[Block]:
    rows = [row for row in summary.ratios if row.metric != "throughput"]
    if not rows:
        return []
    told = [[row.contender, row.recipe, TITLES[row.metric], *_numbers(row)] for row in rows]
    heads = ["contender", "recipe", "what", "blocks", "ratio", "interval"]
    text = (
        "Over the reference's, block by block, by the same rule. These are estimates: no difference of them is claimed."
    )
    return [table("Other costs against the reference", heads, told, left=3, folded=True), Paragraph(text)]


def _numbers(row: MetricRatio) -> list[str]:
    return [str(row.verdict.blocks), words.ratio(row.verdict.estimate, 3), words.interval(row.verdict.interval)]


def results(summary: Summary) -> Section:
    """Return a row a trial, and of each that is not done what happened."""
    heads = ["contender", "recipe", "seed", "status", "train loss", "val loss", "test acc. %", "images/s"]
    heads += ["ratio", "peak MB", "wall s"]
    kinds = dict.fromkeys(words.memory_kind(trial.device) for trial in summary.trials if trial.peak_memory_bytes)
    notes = (
        "Loss is the mean cross-entropy per image in nats; images/s counts training alone, the median over the epochs. "
        f"Ratio: images/s over {summary.comparison.reference} in the same recipe and block, higher is faster. Peak "
        f"memory: {' or '.join(kinds) or 'not measured'}."
    )
    meanings = tuple(f"{track}: {TRACKS[track]}." for track in cells.by_track(summary.trials))
    tables = by_track("Trial by trial", heads, cells.measured(summary), _result, left=4)
    return Section("trials", "Trials", (*_broken(summary.trials), *tables, Paragraph(notes), Bullets(meanings)))


def _result(trial: TrialSummary) -> list[str]:
    return [
        trial.contender,
        trial.recipe,
        str(trial.seed),
        words.status(trial.status),
        words.loss(trial.train_loss),
        words.loss(trial.val_loss),
        words.percent(trial.test_accuracy),
        words.rate(trial.images_per_second),
        words.ratio(trial.ratio_to_reference),
        words.megabytes(trial.peak_memory_bytes),
        words.seconds(trial.wall_seconds),
    ]


def epochs(summary: Summary) -> list[Block]:
    """Return the numbers behind the curves, folded."""
    heads = ["trial", "epoch", "train loss", "val loss", "val acc. %", "images/s"]
    rows = [
        [
            trial.id,
            str(epoch.epoch),
            words.loss(epoch.train_loss),
            words.loss(epoch.val_loss),
            words.percent(epoch.val_accuracy),
            words.rate(epoch.images_per_second),
        ]
        for trial in cells.measured(summary)
        for epoch in trial.epochs
    ]
    return [table("Epoch by epoch: the numbers of the curves", heads, rows, left=1, folded=True)] if rows else []


def _broken(trials: Sequence[TrialSummary]) -> list[Block]:
    """Say of each trial that is not done what happened, what to do, and the last words of its log."""
    broken = [trial for trial in trials if trial.reason]
    logs = [_log(trial) for trial in broken if any(line.strip() for line in trial.log_tail)]
    return [*([Bullets(tuple(map(_reason, broken)))] if broken else []), *logs]


def _reason(trial: TrialSummary) -> str:
    cause = f" ({trial.cause})" if trial.cause else ""
    step = next_step(trial.cause)
    line = f"{trial.id}{cause}: {trial.reason}"
    return f"{line}. Next: {step.replace('`', '')}." if step else line


def _log(trial: TrialSummary) -> Log:
    lines = tuple(words.shortened(line, LOG_LINE_LENGTH) for line in trial.log_tail)
    return Log(f"The last lines of the log of {trial.id}", lines)
