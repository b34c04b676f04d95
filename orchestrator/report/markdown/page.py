"""`report.md`: a summary in, a screen and a half of GitHub-flavoured Markdown out. `report.html` has everything.

Only `write` touches the disk; nothing is measured or judged here. Whatever a worker, a
recipe or a user wrote is escaped where it enters a line, so that it can be read but not
make a heading, a link, a cell or HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from orchestrator import text as words
from orchestrator.analyse.claims import DEFINITIONS
from orchestrator.analyse.confounders import confounders_of
from orchestrator.analyse.run_overview import CellOverview, cell_overviews
from orchestrator.analyse.summary import Comparison, Finding, Summary, TrialSummary
from orchestrator.record.cause_table import next_step
from orchestrator.record.run_folder import BUDGET, PAGE, REPORT
from orchestrator.report import cells, checks, gate
from orchestrator.report.captions import CAPTIONS, LIMITS, count, outcome, stacks, verdicts
from orchestrator.report.markdown import environment, explanation, ratios
from orchestrator.spec.tracks import TRACKS

Row = TypeVar("Row", TrialSummary, CellOverview)

MOST_TRIALS = 8
"""Of more, the results are a row a cell."""

MOST_FINDINGS = 6
_LOG_LINE_LENGTH = 300


def write(summary: Summary, folder: Path) -> Path:
    """Write `folder`/report.md and return its path. The figures it shows are `figures.draw`'s."""
    path = folder / REPORT
    path.write_text(render(summary), encoding="utf-8", newline="\n")
    return path


def render(summary: Summary) -> str:
    """Return the report's text."""
    blocks = [
        *_opening(summary),
        *_findings(summary),
        *([gate.markdown(summary.gate)] if summary.gate else []),
        *explanation.section(summary),
        *_results(summary),
        *([] if summary.explanation else [*ratios.sections(summary), *_figures(), *_claims(summary)]),
        *_checks(summary),
        *_closing(summary),
    ]
    return "\n\n".join(blocks) + "\n"


def _opening(summary: Summary) -> list[str]:
    """Return the answer, what keeps it from being whole, and at which size it was found."""
    comparison = summary.comparison
    answer = [*(f"**{words.markdown(line)}**" for line in verdicts(summary)), outcome(summary)]
    full = f" For the full size: {words.code(comparison.full_size_command)}" if comparison.full_size_command else ""
    return [
        f"# {words.markdown(comparison.title)}",
        *filter(None, answer),
        *map(words.markdown, stacks(summary)),
        *(["> **Interrupted.** Trials that did not run are missing below."] if comparison.interrupted else []),
        *([f"> **Note.** {words.markdown(comparison.engine_notice)}"] if comparison.engine_notice else []),
        f"Profile **{comparison.profile}**: {words.markdown(comparison.profile_reason)}.{full}",
    ]


def _findings(summary: Summary) -> list[str]:
    """Return the gravest findings with their advice, and how many more there are."""
    found = cells.without_skipped(summary).findings if summary.explanation else summary.findings
    ranked = [each for severity in ("error", "warning", "note") for each in found if each.severity == severity]
    shown = max(MOST_FINDINGS, sum(each.severity == "error" for each in ranked))
    lines = [*map(_finding, ranked[:shown])]
    more = len(ranked) - shown
    return (
        ["\n".join([*lines, *([f"- and {count(more, 'more finding')} in {PAGE}"] if more > 0 else [])])]
        if lines
        else []
    )


def _finding(finding: Finding) -> str:
    message, advice = words.markdown(finding.message), words.markdown(finding.advice)
    return f"- **{finding.severity}**: {message} {advice}".rstrip()


def _results(summary: Summary) -> list[str]:
    measured = cells.measured(summary)
    if len(measured) <= MOST_TRIALS:
        heads = ["contender", "recipe", "seed", "status", "train loss", "val loss", "test acc. %", "images/s", "ratio"]
        tables = _by_track(measured, [*heads, "peak MB", "wall s"], _result, left=4)
    else:
        heads = ["contender", "recipe", "trials done", "val loss", "test acc. %", "images/s", "peak MB"]
        overviews = cell_overviews(summary.comparison.cells, summary.trials)
        tables = [*_by_track(overviews, heads, _overview, left=3), "Medians over the trials that are done."]
    return ["## Results", *tables, _notes(summary), *_reasons(summary.trials)]


def _by_track(rows: Sequence[Row], heads: Sequence[str], row: Callable[[Row], list[str]], *, left: int) -> list[str]:
    """Make a table a track, each under its name: their numbers mean different things."""
    groups = {track: [each for each in rows if each.track == track] for track in TRACKS}
    return [
        block
        for track, group in groups.items()
        if group
        for block in (f"### {words.track(track)}", words.table(heads, map(row, group), left=left))
    ]


def _result(trial: TrialSummary) -> list[str]:
    return [
        words.markdown(trial.contender),
        words.markdown(trial.recipe),
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


def _overview(cell: CellOverview) -> list[str]:
    memory = None if cell.peak_memory_bytes is None else round(cell.peak_memory_bytes)
    return [
        words.markdown(cell.contender),
        words.markdown(cell.recipe),
        f"{cell.done} of {cell.trials}",
        words.loss(cell.val_loss),
        words.percent(cell.test_accuracy),
        words.rate(cell.images_per_second),
        words.megabytes(memory),
    ]


def _notes(summary: Summary) -> str:
    kinds = dict.fromkeys(words.memory_kind(trial.device) for trial in summary.trials if trial.peak_memory_bytes)
    return (
        "Loss: mean cross-entropy per image in nats. Images/s: training alone, the median over the epochs. Ratio: over "
        f"{words.markdown(summary.comparison.reference)} in the same recipe and block, higher is faster. Peak "
        f"memory: {' or '.join(kinds) or 'not measured'}."
    )


def _reasons(trials: Sequence[TrialSummary]) -> list[str]:
    """Say of each trial that is not done what happened, what to do, and the last words of its log."""
    broken = [trial for trial in trials if trial.reason]
    if not broken:
        return []
    logs = [line for trial in broken for line in _log(trial)]
    return ["What went wrong:", "\n".join(map(_reason, broken)), *logs]


def _reason(trial: TrialSummary) -> str:
    cause = f" ({words.code(trial.cause)})" if trial.cause else ""
    step = next_step(trial.cause)
    line = f"- {words.markdown(trial.id)}{cause}: {words.markdown(trial.reason)}"
    return f"{line}. **Next:** {step}." if step else line


def _log(trial: TrialSummary) -> list[str]:
    """Show a log as an indented block: no line of it can end that, or count as anything but text."""
    lines = [f"    {words.shortened(line, _LOG_LINE_LENGTH)}" for line in trial.log_tail]
    title = f"The last lines of the log of {words.markdown(trial.id)}"
    return words.fold(title, "\n".join(lines)) if any(line.strip() for line in lines) else []


def _figures() -> list[str]:
    return [f"![{CAPTIONS[name]}](figures/{name}.png)" for name in ("loss", "throughput")]


def _claims(summary: Summary) -> list[str]:
    """Return a row a cell with each statement's number, and how the numbers go with framework and recipe."""
    if not any(claim.value is not None for claim in summary.claims):
        return []
    named = {(claim.contender, claim.recipe) for claim in summary.claims}
    places = [each for each in cells.by_cell(summary) if (each.cell.contender, each.cell.recipe) in named]
    heads = ["contender", "recipe", *(f"{each.name} ({each.unit}), from {each.threshold:g}" for each in DEFINITIONS)]
    rows = [
        [
            *map(words.markdown, (place.cell.contender, place.cell.recipe)),
            *(words.markdown("{} ({})".format(*cells.claims_of_cell(summary, each.id, place))) for each in DEFINITIONS),
        ]
        for place in places
    ]
    readings = "\n".join(f"- {words.markdown(sentence)}" for sentence in summary.readings)
    note = words.markdown(summary.single_seed_note)
    return ["## The article's claims", words.table(heads, rows, left=2), *filter(None, [readings, note])]


def _checks(summary: Summary) -> list[str]:
    """Return a line a check: what was held against what, and how it came out."""
    lines = [
        checks.equal_starts(summary),
        checks.audit(summary),
        *checks.parity(summary),
        *checks.not_stepwise(summary),
        checks.claims(summary),
        environment.headline(confounders_of(summary)),
        checks.between_blocks(summary),
        checks.events(summary),
    ]
    told = [f"- {words.markdown(line[0].upper() + line[1:])}" for line in lines if line]
    return ["## May I believe it", "\n".join(told)] if told else []


def _closing(summary: Summary) -> list[str]:
    comparison = summary.comparison
    made = (
        f"Made by {words.code(comparison.command)} on {words.markdown(comparison.started_at)}, engine "
        f"{words.markdown(comparison.engine)}, device {words.markdown(comparison.device)}, "
        f"{count(len(comparison.seeds), 'seed')}, {count(comparison.runs, 'run')} a seed.{_resumed(comparison)}"
    )
    budget = [f"The gate's budget lies beside this page: {words.code(BUDGET)}."] if comparison.budget else []
    return [LIMITS, *budget, f"{made} All numbers, every figure and how to repeat it: `{PAGE}`."]


def _resumed(comparison: Comparison) -> str:
    times = ", ".join(words.markdown(each) for each in comparison.resumed_at)
    return f" Its host ended before it did; resumed on {times}." if times else ""
