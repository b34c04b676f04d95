"""Which version is the first bad one, and what has to be compared to know it. Pure.

First the ends; then a sweep: one comparison of up to eight versions, every block holding all of them. Where there are
more, the sweep takes the ends and six between them, and a further sweep the versions between the last good and the
first bad one. Errors are those of the comparisons: Bonferroni over the versions of a sweep (docs/methodology.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.analyse.bisect_answer import Answer, Question, VersionFound
from orchestrator.analyse.bisect_standing import found_in
from orchestrator.analyse.bisect_words import end_words, words_of
from orchestrator.analyse.summary import Summary

MOST_VERSIONS = 8
"""Of one sweep: with more, its intervals get wide and its blocks long."""

DECIDED = ("good", "bad")


@dataclass(frozen=True)
class Bracket:
    """The versions between which the first bad one lies, by their places."""

    last_good: int
    first_bad: int


def answer(question: Question, summaries: Sequence[Summary]) -> Answer:
    """Say what the runs show, the oldest first, and what is to be compared next."""
    found = combined(question, [found_in(summary, question) for summary in summaries])
    runs = tuple(summary.comparison.id for summary in summaries)
    so_far = Answer(question=question, outcome="open", words="", versions=found, runs=runs)
    if not runs:
        return so_far.replace(next_versions=(question.good, question.bad))
    if found[0].standing == "skipped" or found[-1].standing != "bad":
        return so_far.with_words(*end_words(question, found))
    place = bracket(found)
    known = so_far.replace(last_good=question.versions[place.last_good], first_bad=question.versions[place.first_bad])
    if more := next_versions(question, found, place):
        return known.replace(next_versions=more)
    return known.with_words(*words_of(question, found, place.last_good, place.first_bad))


def combined(question: Question, rounds: Sequence[Mapping[str, VersionFound]]) -> tuple[VersionFound, ...]:
    """Return what is known of each version: the newest run counts, unless only an earlier one has decided."""
    known = {each: VersionFound(version=each, standing="untested", words="not compared") for each in question.versions}
    for found in rounds:
        for version, new in found.items():
            if new.standing in (*DECIDED, "reference", "skipped") or known[version].standing not in DECIDED:
                known[version] = new
    return tuple(known[version] for version in question.versions)


def bracket(found: Sequence[VersionFound]) -> Bracket:
    """Return the first bad version, and the last before which all that was compared is good. The last one is bad."""
    first_bad = next(at for at, each in enumerate(found) if each.standing == "bad")
    last_good = 0
    for at in range(1, first_bad):
        if found[at].standing == "not-decided":
            break
        if found[at].standing == "good":
            last_good = at
    return Bracket(last_good, first_bad)


def next_versions(question: Question, found: Sequence[VersionFound], place: Bracket) -> tuple[str, ...]:
    """Return the versions of the next sweep, empty where none can narrow the bracket.

    Where a version within it stayed undecided this machine does not tell so fine, and no further one is tried.
    """
    between = range(place.last_good + 1, place.first_bad)
    if any(found[at].standing == "not-decided" for at in between):
        return ()
    untested = [at for at in between if found[at].standing == "untested"]
    if not untested:
        return ()
    places = (0, *spread(untested, MOST_VERSIONS - 2), place.first_bad)
    return tuple(question.versions[at] for at in places)


def spread(places: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the places, evenly spread, so that the gaps between them are alike."""
    if len(places) <= most:
        return list(places)
    step = (len(places) + 1) / (most + 1)
    return [places[round(step * (at + 1)) - 1] for at in range(most)]
