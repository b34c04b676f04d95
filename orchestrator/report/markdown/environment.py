"""The report's section "Environment": what differs besides what is compared, then the machine, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse.confounders import Confounders, Fact, find_confounders
from orchestrator.analyse.summary import Summary
from orchestrator.report import sentinel


def confounders_of(summary: Summary) -> Confounders:
    """Find what differs between a summary's contenders."""
    contenders = dict.fromkeys(cell.contender for cell in summary.comparison.cells)
    return find_confounders(summary.environment.workers, list(contenders))


def section(summary: Summary) -> list[str]:
    """Return the section's blocks of Markdown; what is alike everywhere is folded away."""
    host, found = summary.environment.host, confounders_of(summary)
    if not host and not found.contenders:
        return []
    machine = words.table(["the machine", ""], [_cells(name, value) for name, value in host.items()], left=2)
    sentence = headline(found)
    return [
        "## Environment",
        *([words.markdown(sentence)] if sentence else []),
        *_differing(found),
        machine,
        *_sentinel(summary),
        *_compared(found),
        *_same(found),
    ]


def _sentinel(summary: Summary) -> list[str]:
    if summary.sentinel is None:
        return []
    table = words.table(sentinel.HEADS, sentinel.rows(summary.sentinel), left=1)
    folded = words.fold(sentinel.TITLE, table) if summary.sentinel.readings else []
    return [words.markdown(sentinel.sentence(summary.sentinel)), *folded]


def headline(found: Confounders) -> str:
    """Say in one sentence what differs, as outside text for either surface; "" where nothing was there to compare."""
    if len(found.contenders) < 2:
        return ""
    subject, facts = _subject(found), len(found.differing) + len(found.same)
    if not found.differing:
        return f"Nothing but the {subject} differs: {len(found.same)} facts are the same in every contender."
    verb = "fact differs" if facts == 1 else f"facts {'differs' if len(found.differing) == 1 else 'differ'}"
    return f"{len(found.differing)} of {facts} {verb} besides the {subject}, {_changing_results(found)}."


def _subject(found: Confounders) -> str:
    """Name what is compared: frameworks, or versions of one."""
    return "framework" if any(fact.name == "framework" and fact.differs for fact in found.compared) else "version"


def _changing_results(found: Confounders) -> str:
    if not found.changing_results:
        return "none of them known to change results or speed"
    return f"{len(found.changing_results)} of them in what changes results or speed: {words.printable(found.names)}"


def _differing(found: Confounders) -> list[str]:
    rows = [[words.markdown(fact.name), fact.relevance, *_values(fact)] for fact in found.differing]
    return [_side_by_side(["what differs", "what that means"], found, rows)] if rows else []


def _compared(found: Confounders) -> list[str]:
    rows = [[words.markdown(fact.name), *_values(fact)] for fact in found.compared]
    title = f"What is compared, and what comes with it: {len(rows)} facts"
    return words.fold(title, _side_by_side(["fact"], found, rows)) if rows else []


def _same(found: Confounders) -> list[str]:
    rows = [_cells(fact.name, fact.values[0]) for fact in found.same]
    title = f"The same in every contender: {len(rows)} facts" if len(found.contenders) > 1 else f"{len(rows)} facts"
    return words.fold(title, words.table(["inside each worker", ""], rows, left=2)) if rows else []


def _side_by_side(heads: Sequence[str], found: Confounders, rows: Sequence[Sequence[str]]) -> str:
    contenders = map(words.markdown, found.contenders)
    return words.table([*heads, *contenders], rows, left=len(heads) + len(found.contenders))


def _values(fact: Fact) -> list[str]:
    return [words.markdown(value) or words.ABSENT for value in fact.values]


def _cells(name: str, value: str) -> list[str]:
    return [words.markdown(name), words.markdown(value)]
