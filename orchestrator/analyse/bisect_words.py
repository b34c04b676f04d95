"""The answer of a bisect as a sentence, in fixed words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.analyse.bisect_answer import Outcome, Question, VersionFound
from orchestrator.spec.margin import fraction


def end_words(question: Question, found: Sequence[VersionFound]) -> tuple[Outcome, str]:
    """Say why nothing can be bisected: the ends could not be compared, do not differ, or are not decided."""
    good, bad = found[0], found[-1]
    for end in (good, bad):
        if end.standing == "skipped":
            return "no-ends", f"the ends cannot be compared: {end.version} does not build or run: {end.words}"
    if bad.standing != "good":
        return "not-decided", f"not decided whether {bad.version} is worse than {good.version}: {bad.words}"
    margin = f"{100 * fraction(question.spec.margin):.4g} %"
    ends = f"no difference of {margin} or more for the worse between {good.version} and {bad.version}"
    return "no-difference", f"nothing to bisect: {ends}; {bad.version} against {good.version}: {bad.words}"


def words_of(question: Question, found: Sequence[VersionFound], last_good: int, first_bad: int) -> tuple[Outcome, str]:
    """Name the first bad version, or the range that holds it and why it is no narrower."""
    bad, between = found[first_bad], found[last_good + 1 : first_bad]
    against = f"{bad.version} against {question.good}: {bad.words}{_later(found[first_bad + 1 :])}"
    if not between:
        last = f"; {found[last_good].version} is not" if last_good else ""
        return "named", f"{bad.version} is the first version that is worse than {question.good}{last}. {against}"
    reasons = "; ".join(_reason(each) for each in between)
    within = f"after {found[last_good].version} and with {bad.version} at the latest"
    return "range", f"the first version that is worse than {question.good} comes {within}: {reasons}. {against}"


def _reason(found: VersionFound) -> str:
    match found.standing:
        case "skipped":
            return f"{found.version} does not build or run"
        case "untested":
            return f"{found.version} was not compared"
    return f"{found.version} is not decided" if found.standing == "not-decided" else f"{found.version} is good"


def _later(found: Sequence[VersionFound]) -> str:
    """Name the versions after the first bad one that are good again."""
    good = [each.version for each in found if each.standing == "good"]
    return f". Good again: {', '.join(good)}" if good else ""
