"""The evidence of a bisect, for `bakeoff bisect`: an answer in, rich renderables out.

Outside strings enter as `Text`, never as markup.
"""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator import text as words
from orchestrator.analyse.bisect_answer import Answer, Standing, VersionFound

METRICS = {
    "throughput": "images/s",
    "first_step_seconds": "seconds of the first step",
    "start_up_seconds": "seconds of start-up",
    "peak_memory_bytes": "peak memory",
}

STANDINGS: dict[Standing, str] = {
    "reference": "● reference",
    "good": "✓ good",
    "bad": "✗ worse",
    "not-decided": "? not decided",
    "skipped": "○ skipped",
    "untested": "– not compared",
}


def page(found: Answer) -> Group:
    """Return the answer and its evidence, a row a version."""
    parts: list[RenderableType] = [Text(words.printable(found.words), "bold"), table(found)]
    return Group(*parts)


def table(found: Answer) -> Table:
    """Return a row a version, with its ratio to the good one."""
    question = found.question
    title = f"{METRICS[question.metric]} of {question.contender} over those of {question.good}"
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=words.printable(title), title_justify="left")
    shown.add_column("version", no_wrap=True)
    shown.add_column("standing", no_wrap=True)
    for head in ("blocks", "ratio"):
        shown.add_column(head, justify="right", no_wrap=True)
    shown.add_column("verdict", overflow="fold")
    for each in found.versions:
        shown.add_row(*_row(found, each))
    return shown


def has_evidence(found: Answer) -> bool:
    """Tell whether there is a ratio to draw."""
    return any(each.ratios for each in found.versions)


def _row(found: Answer, each: VersionFound) -> tuple[Text, ...]:
    style = "bold red" if found.outcome == "named" and each.version == found.first_bad else ""
    blocks = str(len(each.ratios)) if each.ratios else ""
    cells = (words.printable(each.version), STANDINGS[each.standing], blocks, _ratio(each), words.printable(each.words))
    return tuple(Text(cell, style) for cell in cells)


def _ratio(each: VersionFound) -> str:
    return words.ratio(each.estimate, 3) if each.estimate is not None else ""
