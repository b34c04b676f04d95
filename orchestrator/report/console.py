"""The final console summary as rich renderables: a summary in, tables out, nothing printed.

Outside strings enter as `Text`, never as markup. Status is glyph and word, so that nothing
hangs on colour and NO_COLOR loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.claims import DEFINITIONS
from orchestrator.analyse.claims_overall import judgements, readings
from orchestrator.analyse.parity import EARLY_STEPS
from orchestrator.analyse.summary import Finding, Summary, TrialSummary
from orchestrator.record.record import Status
from orchestrator.report import cells
from orchestrator.report.markdown import environment
from orchestrator.spec.tracks import Track

WIDE = 110
"""Columns from which the tables show everything; below, what decides a comparison."""

STATUS_STYLES = {
    Status.DONE: "green",
    Status.FAILED: "bold red",
    Status.TIMED_OUT: "bold red",
    Status.SKIPPED: "yellow",
    Status.INTERRUPTED: "yellow",
    Status.UNKNOWN: "bold yellow",
}
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def conclusion(summary: Summary, width: int = 80) -> Group:
    """Return all that the console says at the end, for a console `width` columns wide."""
    parts: list[RenderableType] = [findings(summary, "error"), *_audits(summary), *_parity(summary)]
    parts += [results_table(summary, track, trials, width) for track, trials in _tracks(summary)]
    if len(summary.comparison.seeds) * summary.comparison.runs == 1:
        parts.append(Text(words.ONE_RUN, style="italic"))
    if any(claim.value is not None for claim in summary.comparison.claims):
        parts += [claims_table(summary), *(Text(words.printable(line)) for line in readings(summary.comparison))]
    return Group(*parts, *_environment(summary), findings(summary, "warning", "note"))


def _environment(summary: Summary) -> list[RenderableType]:
    sentence = environment.headline(environment.opened(summary))
    return [Text(f"environment: {sentence}")] if sentence else []


def _audits(summary: Summary) -> list[RenderableType]:
    """Say in one line what the audits found; what they found wrong is an error and stands above."""
    green = [audit for audit in summary.comparison.audits if audit.agrees]
    if not green:
        return []
    worst = max(audit.worst_norm_relative_error or 0 for audit in green)
    told = f"✓ audit: {len(green)} of {len(summary.comparison.audits)} trials compute what their recipe says"
    return [Text(f"{told}, to {worst:.0e} of every tensor's norm.", style="green")]


def _parity(summary: Summary) -> list[RenderableType]:
    """Say in a line a recipe how far contenders part from each other and from themselves, and how accuracies differ."""
    found = summary.comparison.divergences
    lines = []
    for recipe in dict.fromkeys(each.recipe for each in found if each.kind == "between"):
        between, floor = (
            max((each.largest_early for each in found if (each.recipe, each.kind) == (recipe, kind)), default=None)
            for kind in ("between", "floor")
        )
        told = f"parity on {words.printable(recipe)}, {found[0].precision}: contenders differ by at most "
        told += f"{words.scientific(between or 0)} nats in a step's loss over the first {EARLY_STEPS} steps"
        lines.append(told + ("." if floor is None else f"; the same container twice by {words.scientific(floor)}."))
    for each in summary.comparison.accuracies:
        where = f"{words.printable(each.recipe)} s{each.seed}, {words.printable(each.contender)}"
        told = f"test accuracy on {where} − {words.printable(each.reference)}: {each.verdict}, "
        told += f"{words.points(each.difference)} points, 95 % interval {words.points(each.low)} to "
        lines.append(f"{told}{words.points(each.high)}.")
    return [Text(line) for line in lines]


def _tracks(summary: Summary) -> list[tuple[Track, list[TrialSummary]]]:
    """Return the trials of each table; without any trial one empty table says so."""
    return list(cells.by_track(cells.measured(summary)).items()) or [("as written", [])]


def results_table(summary: Summary, track: Track, trials: Sequence[TrialSummary], width: int = 80) -> Table:
    """Return one row a trial of one track; the losses, memory and wall time from WIDE columns on."""
    wide = width >= WIDE
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=words.track(track), title_justify="left")
    result.add_column("contender", overflow="fold", min_width=9)
    result.add_column("recipe", overflow="fold", min_width=9)
    result.add_column("status", no_wrap=not wide)
    for head in _heads(wide):
        result.add_column(head, justify="right", no_wrap=True)
    for trial in trials:
        result.add_row(*_names(summary, trial), *(Text(number) for number in _numbers(summary, trial, wide)))
    return result


def claims_table(summary: Summary) -> Table:
    """Return one row a cell and one column a claim, with number and verdict; a cell of several trials counts them."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="The article's claims", title_justify="left")
    result.add_column("cell", overflow="fold")
    for definition in DEFINITIONS:
        result.add_column(f"{definition.name}\n({definition.unit})", overflow="fold")
    for place in cells.by_cell(summary):
        name = Text(f"{words.shortened(place.cell.contender, 24)}\n{words.shortened(place.cell.recipe, 24)}")
        result.add_row(name, *(_verdict(summary, definition.id, place) for definition in DEFINITIONS))
    return result


def findings(summary: Summary, *severities: str) -> Group:
    """Return the findings of these severities, all where none is given, as a line each with its advice."""
    chosen = [finding for finding in summary.findings if not severities or finding.severity in severities]
    return Group(*map(_finding, chosen))


def _heads(wide: bool) -> list[str]:
    return [
        *(["train loss"] if wide else []),
        "val loss",
        "test %",
        "images/s",
        "ratio",
        *(["peak MB", "wall s"] if wide else []),
    ]


def _names(summary: Summary, trial: TrialSummary) -> tuple[Text, Text, Text]:
    several = len(summary.comparison.seeds) > 1
    recipe = words.printable(trial.recipe) + (f" s{trial.seed}" if several else "")
    status = Text(words.status(trial.status), style=STATUS_STYLES[trial.status])
    return Text(words.shortened(trial.contender, 40)), Text(recipe), status


def _numbers(summary: Summary, trial: TrialSummary, wide: bool) -> list[str]:
    losses = [words.loss(trial.train_loss)] if wide else []
    costs = [words.megabytes(trial.peak_memory_bytes), words.seconds(trial.wall_seconds)] if wide else []
    return [
        *losses,
        words.loss(trial.val_loss),
        words.percent(trial.test_accuracy),
        words.rate(trial.images_per_second),
        words.ratio(cells.ratio(summary, trial)),
        *costs,
    ]


def _verdict(summary: Summary, claim_id: str, place: cells.CellTrials) -> Text:
    sought = (claim_id, place.cell.contender, place.cell.recipe)
    mine = [claim for claim in summary.comparison.claims if (claim.id, claim.contender, claim.recipe) == sought]
    if len(mine) == 1:
        return Text(f"{words.number(mine[0].value)}\n{words.printable(mine[0].verdict)}")
    for each in judgements(summary):
        if (each.definition.id, each.contender, each.recipe) == sought:
            return Text(f"{words.number(each.median)} {words.interval(each.interval)}\n{each.verdict}")
    return Text(f"holds in {sum(claim.holds is True for claim in mine)} of {len(mine)}")


def _finding(finding: Finding) -> Text:
    return Text.assemble(
        (f"{finding.severity}: ", SEVERITY_STYLES[finding.severity]),
        f"{words.printable(finding.message)} ",
        (words.printable(finding.advice), "italic"),
    )
