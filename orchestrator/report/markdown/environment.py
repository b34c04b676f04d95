"""The report's section "Environment": what differs besides what is compared, then the machine, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import text as words
from orchestrator.analyse import confounders as ledger
from orchestrator.analyse.confounders import Fact, Ledger
from orchestrator.analyse.summary import Summary


def opened(summary: Summary) -> Ledger:
    """Open the ledger of a summary."""
    return ledger.ledger(summary.environment, list(dict.fromkeys(cell.contender for cell in summary.comparison.cells)))


def section(summary: Summary) -> list[str]:
    """Return the section's blocks of Markdown; what is alike everywhere is folded away."""
    if not summary.environment:
        return []
    book = opened(summary)
    host = words.table(["the machine", ""], [_cells(name, value) for name, value in book.host.items()], left=2)
    sentence = headline(book)
    return [
        "## Environment",
        *([words.markdown(sentence)] if sentence else []),
        *_differing(book),
        host,
        *_compared(book),
        *_same(book),
    ]


def headline(book: Ledger) -> str:
    """Say in one sentence what differs, as outside text for either surface; "" where nothing was there to compare."""
    if len(book.contenders) < 2:
        return ""
    subject, facts = _subject(book), len(book.differing) + len(book.same)
    if not book.differing:
        return f"Nothing but the {subject} differs: {len(book.same)} facts are the same in every contender."
    verb = "fact differs" if facts == 1 else f"facts {'differs' if len(book.differing) == 1 else 'differ'}"
    return f"{len(book.differing)} of {facts} {verb} besides the {subject}, {_heavy(book)}."


def _subject(book: Ledger) -> str:
    """Name what is compared: frameworks, or versions of one."""
    return "framework" if any(fact.name == "framework" and fact.differs for fact in book.compared) else "version"


def _heavy(book: Ledger) -> str:
    if not book.heaviest:
        return "none of them known to change results or speed"
    return f"{len(book.heaviest)} of them in what changes results or speed: {words.printable(book.named)}"


def _differing(book: Ledger) -> list[str]:
    rows = [[words.markdown(fact.name), fact.weight, *_values(fact)] for fact in book.differing]
    return [_side_by_side(["what differs", "what that means"], book, rows)] if rows else []


def _compared(book: Ledger) -> list[str]:
    rows = [[words.markdown(fact.name), *_values(fact)] for fact in book.compared]
    title = f"What is compared, and what comes with it: {len(rows)} facts"
    return words.fold(title, _side_by_side(["fact"], book, rows)) if rows else []


def _same(book: Ledger) -> list[str]:
    rows = [_cells(fact.name, fact.values[0]) for fact in book.same]
    title = f"The same in every contender: {len(rows)} facts" if len(book.contenders) > 1 else f"{len(rows)} facts"
    return words.fold(title, words.table(["inside each worker", ""], rows, left=2)) if rows else []


def _side_by_side(heads: Sequence[str], book: Ledger, rows: Sequence[Sequence[str]]) -> str:
    contenders = map(words.markdown, book.contenders)
    return words.table([*heads, *contenders], rows, left=len(heads) + len(book.contenders))


def _values(fact: Fact) -> list[str]:
    return [words.markdown(value) or words.ABSENT for value in fact.values]


def _cells(name: str, value: str) -> list[str]:
    return [words.markdown(name), words.markdown(value)]
