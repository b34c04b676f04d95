"""The sections on time and memory, on the machine and its images, and on how to repeat the run."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse.confounders import Confounders, Fact, confounders_of
from orchestrator.analyse.summary import Summary, TrialSummary
from orchestrator.record.run_folder import BUDGET
from orchestrator.report import sentinel
from orchestrator.report.captions import CAPTIONS
from orchestrator.report.html.blocks import (
    Block,
    Bullets,
    Command,
    Drawings,
    Heading,
    Paragraph,
    Section,
    by_track,
    table,
)
from orchestrator.report.markdown.environment import headline
from shared import mnist


def costs(summary: Summary) -> Section:
    """Return where the time goes, and memory."""
    if summary.explanation:
        return Section("time", "", ())
    trials = [trial for trial in summary.trials if trial.phases]
    drawings = [Drawings(("phases",), CAPTIONS["phases"]), Drawings(("memory",), CAPTIONS["memory"])]
    return Section("time", "Time and memory", (*drawings, *(_phases(trials) if trials else [])))


def _phases(trials: Sequence[TrialSummary]) -> list[Block]:
    names = dict.fromkeys((*words.PHASES, *(name for trial in trials for name in trial.phases)))
    heads = ["trial", *map(words.phase, names)]

    def row(trial: TrialSummary) -> list[str]:
        return [trial.id, *(words.seconds(trial.phases.get(name)) for name in names)]

    tables = by_track("Seconds by phase", heads, trials, row, left=1, folded=True)
    return [*tables, Paragraph("Training and evaluation are sums over the epochs.")]


def environment(summary: Summary) -> Section:
    """Return what differs besides what is compared, the machine, images, data, and how events fared."""
    found = confounders_of(summary)
    sentence = headline(found)
    host = table("The machine", ["fact", "value"], summary.environment.host.items(), left=2)
    blocks: list[Block] = [Paragraph(sentence)] if sentence else []
    blocks += _facts(found) if found.contenders else []
    blocks += [host] if host.rows else []
    blocks += _sentinel(summary)
    blocks += [Heading("Images and data"), *_images(summary.trials), _data(), *_events(summary)]
    return Section("environment", "Environment", tuple(blocks))


def _sentinel(summary: Summary) -> list[Block]:
    series = summary.sentinel
    if series is None:
        return []
    rows = table("Seconds by block", sentinel.HEADS, sentinel.rows(series), left=1, folded=True)
    return [Heading(sentinel.TITLE), Paragraph(sentinel.sentence(series)), *([rows] if rows.rows else [])]


def _facts(found: Confounders) -> list[Block]:
    contenders = list(found.contenders)
    differing = [[fact.name, fact.relevance, *_values(fact)] for fact in found.differing]
    compared = [[fact.name, *_values(fact)] for fact in found.compared]
    same = [[fact.name, fact.values[0]] for fact in found.same]
    heads, count = ["fact", "what that means", *contenders], len(contenders)
    tables = [
        table("What differs besides what is compared", heads, differing, left=2 + count),
        table("What is compared, and what comes with it", ["fact", *contenders], compared, left=1 + count, folded=True),
        table("The same in every contender", ["fact", "value"], same, left=2, folded=True),
    ]
    return [each for each in tables if each.rows]


def _values(fact: Fact) -> list[str]:
    return [value or words.ABSENT for value in fact.values]


def _images(trials: Sequence[TrialSummary]) -> list[Block]:
    rows = dict.fromkeys((trial.contender, trial.image or words.ABSENT, trial.engine) for trial in trials)
    return [table("What each contender ran in", ["contender", "image", "engine"], rows, left=3)] if rows else []


def _data() -> Block:
    """Return the hashes of this version's data: a worker that finds others ends with an error."""
    rows = [[f"MNIST, {view} pixels and labels", digest] for view, digest in mnist.DATA_SHA256.items()]
    return table("Data: a worker refuses any other", ["array", "SHA-256"], rows, left=2)


def _events(summary: Summary) -> list[Block]:
    if not summary.trials:
        return []
    names = ("received", "lost", "duplicated", "rejected", "reconnects")
    counts = [sum(column) for column in zip(*map(_counts, summary.trials), strict=True)]
    sums = ", ".join(f"{count:,} {name}" for count, name in zip(counts, names, strict=True))
    text = (
        f"Metric events: {sums}. Lost events are in neither the feed nor the file; duplicated ones came again, as "
        "after a reconnection, and count once; rejected lines were none of the contract's."
    )

    def row(trial: TrialSummary) -> list[str]:
        return [trial.id, *map(str, _counts(trial))]

    tables = by_track("Events by trial", ["trial", *names], summary.trials, row, left=1, folded=True)
    return [Heading("Metric stream"), Paragraph(text), *tables]


def _counts(trial: TrialSummary) -> tuple[int, int, int, int, int]:
    events = trial.events
    return events.received, events.lost, events.duplicated, events.rejected, trial.reconnects


def repeating(summary: Summary) -> Section:
    """Return the commands that repeat the run, at its size and at others, and what else lies beside this page."""
    comparison, claim = summary.comparison, summary.claim_forecast
    lines = [
        ("Repeat this run", comparison.command),
        ("With enough blocks for a claim", claim.command if claim else None),
        ("At the full size", comparison.full_size_command),
        ("As asked for, from the run folder", "bakeoff compare --spec comparison.json"),
        ("Make this page again", f"bakeoff report {comparison.id}"),
    ]
    budget = (f"{BUDGET}: what the gate judged by",) if comparison.budget else ()
    files = (
        *budget,
        "summary.json: every number of this page, for programs",
        "results.parquet: a row a trial and epoch",
        "figures/: every figure as PNG and SVG",
        "trials/: events, logits, steps, log and record of each trial",
    )
    commands = [Command(title, line) for title, line in lines if line]
    return Section("repeat", "How to repeat it", (*commands, Paragraph("Beside this page lie:"), Bullets(files)))
