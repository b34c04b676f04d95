"""A run in one screen, verdicts first, for `bakeoff show`: values in, rich renderables out.

Outside strings enter as `Text`, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.confounders import confounders_of
from orchestrator.analyse.run_contents import RunContents
from orchestrator.analyse.run_overview import CellOverview, RunLine
from orchestrator.analyse.summary import Finding, Summary
from orchestrator.report import console
from orchestrator.report.markdown import environment

MOST_FINDINGS = 5
"""In full; of more than these the count is given."""

_STATES = {
    "done": ("✓ done", "green"),
    "failed": ("✗ ended with a trial that is not done", "bold red"),
    "interrupted": ("■ interrupted", "yellow"),
    "not-ended": ("◷ not ended", "yellow"),
    "unreadable": ("? damaged", "bold yellow"),
}


def screen(contents: RunContents, line: RunLine, cells: Sequence[CellOverview], width: int = 80) -> Group:
    """Return what is known of a run: its answer, then what it rests on, then what is wrong with its files."""
    parts: list[RenderableType] = [_head(line), *_answer(contents.summary)]
    if any(cell.trials for cell in cells):
        parts.append(cells_table(cells, width))
    if contents.summary:
        parts += [*_cautions(contents.summary.findings), *_facts(contents.summary)]
    if contents.damaged:
        parts.append(files(contents))
    return Group(*parts)


def files(contents: RunContents) -> Group:
    """Say file by file what cannot be read, and what can."""
    lines = [
        Text(f"✗ {words.printable(part.name)}: {words.printable(part.fault or 'is not there')}", "bold red")
        for part in contents.damaged
    ]
    read = [part.name for part in contents.parts if part.state == "read"]
    records = sum(name.startswith("trials/") for name in read)
    others = [name for name in read if not name.startswith("trials/")]
    kept = [*others, f"{records} record{'s' * (records != 1)} of trials"] if records else others
    return Group(*lines, Text(words.printable(f"✓ can be read: {', '.join(kept) or 'nothing'}")))


def cells_table(cells: Sequence[CellOverview], width: int = 80) -> Table:
    """Return a row a cell: how many of its trials are done, and their medians; memory from WIDE columns on."""
    wide = width >= console.WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("contender", no_wrap=True)
    table.add_column("recipe", overflow="fold")
    for head in ("done", "val loss", "test %", "images/s", *(["peak MB"] if wide else [])):
        table.add_column(head, justify="right", no_wrap=True)
    for cell in cells:
        memory = None if cell.peak_memory_bytes is None else round(cell.peak_memory_bytes)
        numbers = (words.loss(cell.val_loss), words.percent(cell.test_accuracy), words.rate(cell.images_per_second))
        names = (Text(words.shortened(cell.contender, 50 if wide else 20)), Text(words.printable(cell.recipe)))
        done = f"{cell.done} of {cell.trials}"
        table.add_row(*names, done, *numbers, *([words.megabytes(memory)] if wide else []))
    return table


def _head(line: RunLine) -> Group:
    """Say which run it is, what it compared and how it ended."""
    glyph, style = _STATES[line.state]
    trials = f"{line.trials_done} of {line.trials_planned} trials done"
    begun = line.started_at[:16].replace("T", " ")
    facts = [f"begun {begun} UTC" if begun else "", f"{line.size} size" if line.size else "", line.engine]
    way = f"; `bakeoff resume {line.run}` goes on" if line.state in ("not-ended", "interrupted") else ""
    return Group(
        Text(words.printable(f"{line.run}: {line.what}"), "bold"),
        Text.assemble((glyph, style), words.printable(f", {trials}, {', '.join(filter(None, facts))}{way}")),
    )


def _answer(summary: Summary | None) -> list[RenderableType]:
    """Return the verdicts, and before them the errors that take their ground away."""
    if summary is None:
        return []
    if summary.explanation:
        return [Text(words.printable(summary.explanation.sentence), "bold")]
    return [console.findings(summary, "error"), *console.comparisons(summary)]


def _cautions(findings: Sequence[Finding]) -> list[RenderableType]:
    """Return a line a finding, the gravest first; errors stand above already."""
    chosen = [each for severity in ("warning", "note") for each in findings if each.severity == severity]
    lines = [
        Text.assemble((f"{each.severity}: ", console.SEVERITY_STYLES[each.severity]), words.printable(each.message))
        for each in chosen[:MOST_FINDINGS]
    ]
    more = len(chosen) - MOST_FINDINGS
    return [*lines, Text(f"and {more} more findings in the report")] if more > 0 else [*lines]


def _facts(summary: Summary) -> list[RenderableType]:
    host = summary.environment.host
    named = [host[name] for name in ("cpu", "memory") if name in host]
    cores = f"{host['cpu_cores']} cores" if "cpu_cores" in host else ""
    sentence = environment.headline(confounders_of(summary))
    machine = ", ".join(filter(None, (*named[:1], cores, *named[1:], summary.comparison.device)))
    lines = [f"machine: {machine}" if machine else "", f"environment: {sentence}" if sentence else ""]
    return [Text(words.printable(line)) for line in [*lines, f"repeat: {summary.comparison.command}"] if line]
