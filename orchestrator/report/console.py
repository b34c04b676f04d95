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
from orchestrator.analyse.attribution_text import framework_shares
from orchestrator.analyse.claims import DEFINITIONS
from orchestrator.analyse.confounders import confounders_of
from orchestrator.analyse.explanation import Contribution, Explanation
from orchestrator.analyse.gate_verdict import GateVerdict
from orchestrator.analyse.summary import Finding, Summary, TrialSummary
from orchestrator.plan.factors import FRAMEWORK
from orchestrator.report import cells, checks, gate
from orchestrator.report.captions import outcome, stacks, verdicts, way_to_a_claim
from orchestrator.report.cells import claims_of_cell
from orchestrator.report.markdown import environment
from orchestrator.report.markdown.explanation import change, unit_of
from orchestrator.spec.tracks import Track

WIDE = 110
"""Columns from which the tables show everything; below, what decides a comparison."""

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def conclusion(summary: Summary, width: int = 80) -> Group:
    """Return all that the console says at the end, for a console `width` columns wide; the answer comes last."""
    if summary.explanation:
        return Group(*_walk(summary, summary.explanation), *answer(summary))
    stacked = [Text(words.printable(line)) for line in stacks(summary)]
    parts: list[RenderableType] = [*stacked, findings(summary, "error"), *_checks(summary)]
    parts += [results_table(summary, track, trials, width) for track, trials in _tracks(summary)]
    parts += [gate_table(summary.gate)] if summary.gate else []
    if any(claim.value is not None for claim in summary.claims):
        parts += [claims_table(summary), *(Text(words.printable(line)) for line in summary.readings)]
    parts += [*_environment(summary), findings(summary, "warning", "note"), *beside_the_verdicts(summary)]
    return Group(*parts, *answer(summary))


def answer(summary: Summary) -> list[Text]:
    """Return what came out, a sentence a line: verdicts and the gate's, else how the trials ended."""
    lines = [*verdicts(summary), *([gate.headline(summary.gate)] if summary.gate else [])]
    return [Text(line, "bold") for line in lines or [outcome(summary)]]


def comparisons(summary: Summary) -> list[Text]:
    """Return a line a comparison with its verdict, then what a claim would take where there can be none."""
    return [*map(Text, verdicts(summary)), *beside_the_verdicts(summary)]


def beside_the_verdicts(summary: Summary) -> list[Text]:
    """Return what a claim would take where there can be none, and whether accuracies are equal over seeds."""
    lines = []
    forecast = summary.claim_forecast
    if forecast and verdicts(summary):
        lines.append(f"{way_to_a_claim(forecast)} {words.printable(forecast.command)}")
    if len(summary.comparison.seeds) > 1:
        lines += [
            f"test accuracy of {words.printable(row.contender)} − {words.printable(row.reference)} on "
            f"{words.printable(row.recipe)}: {words.printable(row.verdict.words)}"
            for row in summary.accuracy_equivalences
        ]
    return [Text(line) for line in lines]


def gate_table(found: GateVerdict) -> Table:
    """Return one row a metric of a gate, under the verdict of all together."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(gate.headline(found)), title_justify="left")
    for head in ("metric", "verdict", "margin", "found"):
        result.add_column(head, overflow="fold")
    for row in gate.rows(found):
        result.add_row(*map(Text, row))
    return result


def _checks(summary: Summary) -> list[RenderableType]:
    """Say in a line what the audits found, and how far contenders part; what is wrong is an error and stands above."""
    audit = checks.audit(summary)
    return [*([Text(f"✓ {audit}", style="green")] if audit else []), *map(Text, checks.parity(summary))]


def _environment(summary: Summary) -> list[RenderableType]:
    sentence = environment.headline(confounders_of(summary))
    return [Text(f"environment: {sentence}")] if sentence else []


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
        result.add_row(*_names(summary, trial), *(Text(number) for number in _numbers(trial, wide)))
    return result


def claims_table(summary: Summary) -> Table:
    """Return one row a cell and one column a claim: the number and its way from the threshold, over seeds a verdict."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="The article's claims", title_justify="left")
    result.add_column("cell", overflow="fold")
    for definition in DEFINITIONS:
        head = f"{definition.name}\n({definition.unit})\nfrom {definition.threshold:g}"
        result.add_column(head, overflow="fold")
    for place in cells.by_cell(summary):
        name = Text(f"{words.shortened(place.cell.contender, 24)}\n{words.shortened(place.cell.recipe, 24)}")
        result.add_row(name, *(Text("\n".join(claims_of_cell(summary, each.id, place))) for each in DEFINITIONS))
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
    status = Text(words.status(trial.status), style=words.STATUS_STYLES[trial.status])
    return Text(words.shortened(trial.contender, 40)), Text(recipe), status


def _numbers(trial: TrialSummary, wide: bool) -> list[str]:
    losses = [words.loss(trial.train_loss)] if wide else []
    costs = [words.megabytes(trial.peak_memory_bytes), words.seconds(trial.wall_seconds)] if wide else []
    return [
        *losses,
        words.loss(trial.val_loss),
        words.percent(trial.test_accuracy),
        words.rate(trial.images_per_second),
        words.ratio(trial.ratio_to_reference),
        *costs,
    ]


def _finding(finding: Finding) -> Text:
    return Text.assemble(
        (f"{finding.severity}: ", SEVERITY_STYLES[finding.severity]),
        f"{words.printable(finding.message)} ",
        (words.printable(finding.advice), "italic"),
    )


def _walk(summary: Summary, explanation: Explanation) -> list[RenderableType]:
    """Return what the console says at the end of a walk, before its answer: what each setting carries."""
    details = _details(explanation) if any(each.total for each in explanation.attributions) else []
    errors = findings(cells.without_skipped(summary), "error")
    return [errors, *details, findings(summary, "warning", "note")]


def _details(explanation: Explanation) -> list[RenderableType]:
    unexplained = [each.sentence for each in explanation.attributions[1:] if each.total is None]
    others = filter(None, (framework_shares(explanation.attributions), *unexplained))
    return [*(Text(words.printable(text)) for text in others), contributions_table(explanation)]


def contributions_table(explanation: Explanation) -> Table:
    """Return one row a setting and one column an outcome that has a total."""
    shown = [each for each in explanation.attributions if each.total]
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    result.add_column("carried by", overflow="fold")
    for each in shown:
        result.add_column(f"{each.title}\n({unit_of(each)})", justify="right")
    for row in zip(*(each.contributions for each in shown), strict=True):
        numbers = (change(one, each.unit) for one, each in zip(row, shown, strict=True))
        result.add_row(Text(words.printable(row[0].title)), *map(Text, numbers), style=_style(row[0]))
    result.add_section()
    result.add_row("total", *(Text(change(each.total, each.unit)) for each in shown if each.total))
    return result


def _style(one: Contribution) -> str:
    return "bold" if one.setting == FRAMEWORK else ""
