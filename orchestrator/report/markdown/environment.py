"""What differs between a run's contenders beside what is compared, in a sentence for every surface."""

from __future__ import annotations

from orchestrator import text as words
from orchestrator.analyse.confounders import Confounders


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
