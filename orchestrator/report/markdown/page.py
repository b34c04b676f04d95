"""`report.md`: a summary in, a page of GitHub-flavoured Markdown out.

Only `write` touches the disk; nothing is measured or judged here. Whatever a worker, a
recipe or a user wrote is escaped where it enters a line, so that it can be read but not
make a heading, a link, a cell or HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator import text as words
from orchestrator.analyse.claims import DEFINITIONS
from orchestrator.analyse.summary import Claim, Comparison, Finding, Summary, TrialSummary
from orchestrator.record.cause_table import next_step
from orchestrator.record.run_folder import BUDGET, REPORT
from orchestrator.report import cells, gate
from orchestrator.report.captions import CAPTIONS
from orchestrator.report.markdown import environment, explanation, matched, ratios, verified
from orchestrator.spec.tracks import TRACKS, Track

LIMITS = (
    "MNIST is a small problem for a small network. It shows what a framework costs per step (its overhead) and how "
    "well its input path feeds it. It cannot show how fast a large model trains: there the arithmetic outweighs both."
)

_LOG_LINE_LENGTH = 300


def write(summary: Summary, folder: Path) -> Path:
    """Write `folder`/report.md and return its path. The figures it shows are `figures.draw`'s."""
    path = folder / REPORT
    path.write_text(render(summary), encoding="utf-8", newline="\n")
    return path


def render(summary: Summary) -> str:
    """Return the report's text."""
    walked = summary.explanation is not None  # read along the way, so not cell by cell
    findings = cells.without_skipped(summary).findings if walked else summary.findings
    errors = [finding for finding in findings if finding.severity == "error"]
    others = [finding for finding in findings if finding.severity != "error"]
    blocks = [
        *_opening(summary),
        *_findings("Errors", errors),
        *([gate.markdown(summary.gate)] if summary.gate else []),
        *explanation.section(summary),
        *matched.sections(summary),
        *_results(summary),
        *([] if walked else [*ratios.sections(summary), *_figures(summary), *_claims(summary)]),
        *_findings("Findings", others),
        *([] if walked else _phases(summary)),
        *verified.section(summary),
        "## What MNIST can and cannot show",
        LIMITS,
        *environment.section(summary),
        *_events(summary),
    ]
    return "\n\n".join(blocks) + "\n"


def _opening(summary: Summary) -> list[str]:
    comparison = summary.comparison
    full = comparison.full_size_command
    size = f" For the full size: {words.code(full)}" if full else ""
    notice = [f"> **Note.** {words.markdown(comparison.engine_notice)}"] if comparison.engine_notice else []
    broken = ["> **Interrupted.** Trials that did not run are missing below."] if comparison.interrupted else []
    return [
        f"Profile **{comparison.profile}**: {words.markdown(comparison.profile_reason)}.{size}",
        f"# {words.markdown(comparison.title)}",
        *broken,
        *notice,
        f"Made by {words.code(comparison.command)} on {words.markdown(comparison.started_at)}, "
        f"engine {words.markdown(comparison.engine)}, device {words.markdown(comparison.device)}, "
        f"{_count(len(comparison.seeds), 'seed')}, {_count(comparison.runs, 'run')} a seed.{_resumed(comparison)}",
        *([f"The gate's budget lies beside this page: {words.code(BUDGET)}."] if comparison.budget else []),
    ]


def _resumed(comparison: Comparison) -> str:
    times = ", ".join(words.markdown(each) for each in comparison.resumed_at)
    return f" Its host ended before it did; resumed on {times}." if times else ""


def _results(summary: Summary) -> list[str]:
    heads = ["contender", "recipe", "seed", "status", "train loss", "val loss", "test acc. %", "images/s"]
    heads += ["ratio", "peak MB", "wall s"]

    def table(trials: Sequence[TrialSummary]) -> str:
        return words.table(heads, map(_result, trials), left=4)

    meanings = [f"- **{track}**: {TRACKS[track]}." for track in cells.by_track(summary.trials)]
    tables = _by_track(cells.measured(summary), table)
    return ["## Results", *tables, _notes(summary), "\n".join(meanings), *_reasons(summary.trials)]


def _by_track(trials: Sequence[TrialSummary], table: Callable[[Sequence[TrialSummary]], str]) -> list[str]:
    """Make a table a track, each under its name: their numbers mean different things."""
    return [line for track, group in cells.by_track(trials).items() for line in (_heading(track), table(group))]


def _heading(track: Track) -> str:
    return f"### {words.track(track)}"


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


def _notes(summary: Summary) -> str:
    kinds = dict.fromkeys(words.memory_kind(trial.device) for trial in summary.trials if trial.peak_memory_bytes)
    return " ".join(
        [
            "Loss is the mean cross-entropy per image in nats; images/s counts training alone, the median over the",
            f"epochs. Ratio: images/s over the median of {words.markdown(summary.comparison.reference)} in the same",
            f"recipe, higher is faster. Peak memory: {' or '.join(kinds) or 'not measured'}.",
        ]
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


def _figures(summary: Summary) -> list[str]:
    names = [name for name in CAPTIONS if name != "divergence" or summary.step_differences]
    images = [f"![{CAPTIONS[name]}](figures/{name}.png)" for name in names]
    return ["## Figures", *images, "Each stands in `figures/` as SVG too."]


def _claims(summary: Summary) -> list[str]:
    if not summary.claims:
        return []
    rows = [_claim(claim) for claim in summary.claims]
    note = summary.single_seed_note
    meanings = [f"- **{each.name}.** “{each.statement}” {each.meaning}" for each in DEFINITIONS]
    sentences = [f"- {words.markdown(sentence)}" for sentence in summary.readings]
    table = words.table(["claim", "contender", "recipe", "trial", "from the threshold", "value", "unit"], rows, left=5)
    return [
        "## The article's claims",
        "\n".join(meanings),
        "Of the as-written track. A number is of the trial's own curve, whichever framework the article meant. On "
        "which side of a threshold one run's number lies is no verdict: verdicts are over seeds.",
        *(_claims_overall(summary, table) or [table]),
        *(["Read across the cells:", "\n".join(sentences)] if sentences else []),
        *([words.markdown(note)] if note else []),
    ]


def _claims_overall(summary: Summary, trial_by_trial: str) -> list[str]:
    """Show the claims over seeds, the trials folded away; nothing for a single seed."""
    if not summary.claims_overall:
        return []
    rows = [
        [
            *map(words.markdown, (claim.id, claim.contender, claim.recipe, claim.verdict)),
            words.number(claim.median),
            words.interval(claim.interval),
            words.markdown(claim.unit),
        ]
        for claim in summary.claims_overall
    ]
    text = "Over seeds: the median with its 95 % interval by the sign test, which takes six seeds."
    heads = ["claim", "contender", "recipe", "verdict", "median", "interval", "unit"]
    return [words.table(heads, rows, left=4), text, *words.fold("Trial by trial", trial_by_trial)]


def _claim(claim: Claim) -> list[str]:
    names = (claim.id, claim.contender, claim.recipe, claim.trial, claim.words)
    return [*map(words.markdown, names), words.number(claim.value), words.markdown(claim.unit)]


def _findings(heading: str, findings: Sequence[Finding]) -> list[str]:
    lines = [_finding(finding) for finding in findings]
    return [f"## {heading}", "\n".join(lines)] if lines else []


def _finding(finding: Finding) -> str:
    message, advice = words.markdown(finding.message), words.markdown(finding.advice)
    return f"- **{finding.severity}**: {message} {advice}".rstrip()


def _phases(summary: Summary) -> list[str]:
    trials = [trial for trial in summary.trials if trial.phases]
    if not trials:
        return []
    names = dict.fromkeys((*words.PHASES, *(name for trial in trials for name in trial.phases)))
    heads = ["trial", *(words.markdown(words.phase(name)) for name in names)]

    def table(group: Sequence[TrialSummary]) -> str:
        rows = [
            [words.markdown(trial.id), *(words.seconds(trial.phases.get(name)) for name in names)] for trial in group
        ]
        return words.table(heads, rows, left=1)

    return ["## Phases", *_by_track(trials, table), "Seconds; training and evaluation are sums over the epochs."]


def _events(summary: Summary) -> list[str]:
    if not summary.trials:
        return []
    names = ("received", "lost", "duplicated", "rejected", "reconnects")

    def table(trials: Sequence[TrialSummary]) -> str:
        rows = [[words.markdown(trial.id), *map(str, _event_counts(trial))] for trial in trials]
        return words.table(["trial", *names], rows, left=1)

    explanation = (
        "How the metric stream of each trial fared: lost events are in neither the feed nor the file; duplicated ones "
        "came again, as after a reconnection, and count once; rejected lines were none of the contract's."
    )
    sums = map(sum, zip(*map(_event_counts, summary.trials), strict=True))
    closing = ", ".join(f"{count:,} {name}" for count, name in zip(sums, names, strict=True))
    return ["## Events", *_by_track(summary.trials, table), explanation, f"events: {closing}"]


def _event_counts(trial: TrialSummary) -> tuple[int, int, int, int, int]:
    events = trial.events
    return events.received, events.lost, events.duplicated, events.rejected, trial.reconnects


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
