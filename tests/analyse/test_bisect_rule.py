"""Which version is named as the first bad one, by what was found of each."""

from __future__ import annotations

import pytest

from orchestrator.analyse.bisect_answer import Question, Standing, VersionFound
from orchestrator.analyse.bisect_rule import Bracket, bracket, combined, next_versions, spread
from orchestrator.analyse.bisect_standing import standing
from orchestrator.analyse.bisect_words import end_words, words_of
from orchestrator.analyse.claim_rule import ClaimRule
from orchestrator.analyse.ratio_verdict import judge
from orchestrator.spec.spec import Spec

LETTERS: dict[str, Standing] = {
    "r": "reference",
    "g": "good",
    "b": "bad",
    "u": "not-decided",
    "s": "skipped",
    "-": "untested",
}


def versions(count: int) -> tuple[str, ...]:
    return tuple(f"2.{minor}.0" for minor in range(count))


def question(count: int) -> Question:
    return Question(contender="torch", versions=versions(count), metric="throughput", spec=Spec(margin="5%"))


def found(letters: str) -> list[VersionFound]:
    named = zip(versions(len(letters)), letters, strict=True)
    return [VersionFound(version=version, standing=LETTERS[letter], words="said so") for version, letter in named]


@pytest.mark.parametrize(
    ("letters", "last_good", "first_bad"),
    [
        ("rgggbbbb", 3, 4),
        ("rb", 0, 1),
        ("rbbb", 0, 1),
        ("rgugb", 1, 4),  # what follows an undecided one may be good again
        ("rgsb", 1, 3),
        ("rg--b--b", 1, 4),
        ("rgbgb", 1, 2),
        ("rsgb", 2, 3),
    ],
)
def test_the_bracket_ends_at_the_first_bad_one_and_begins_where_all_before_it_is_good(
    letters: str, last_good: int, first_bad: int
) -> None:
    assert bracket(found(letters)) == Bracket(last_good, first_bad)


@pytest.mark.parametrize(
    ("letters", "outcome", "said"),
    [
        ("rgggbbbb", "named", "2.4.0 is the first version that is worse than 2.0.0; 2.3.0 is not."),
        ("rb", "named", "1.0 is the first version that is worse than 2.0.0."),
        ("rgbgb", "named", "Good again: 2.3.0"),
        ("rgsb", "range", "comes after 2.1.0 and with 2.3.0 at the latest: 2.2.0 does not build or run"),
        ("rguub", "range", "2.2.0 is not decided; 2.3.0 is not decided"),
    ],
)
def test_a_version_is_named_only_where_its_neighbour_is_shown_to_be_good(letters: str, outcome: str, said: str) -> None:
    rows = found(letters)
    place = bracket(rows)
    ended, words = words_of(question(len(rows)), rows, place.last_good, place.first_bad)
    assert ended == outcome
    assert said in words


@pytest.mark.parametrize(
    ("letters", "outcome", "said"),
    [
        (
            "rg",
            "no-difference",
            "nothing to bisect: no difference of 5 % or more for the worse between 2.0.0 and 2.1.0",
        ),
        ("ru", "not-decided", "not decided whether 2.1.0 is worse than 2.0.0: said so"),
        ("rs", "no-ends", "2.1.0 does not build or run: said so"),
        ("su", "no-ends", "2.0.0 does not build or run: said so"),
    ],
)
def test_ends_that_do_not_differ_or_do_not_run_are_the_answer(letters: str, outcome: str, said: str) -> None:
    ended, words = end_words(question(2), found(letters))
    assert ended == outcome
    assert said in words


@pytest.mark.parametrize(
    ("letters", "minors"),
    [
        ("r------b", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("rb", []),
        ("rg-sb---b", [0, 2, 4]),
        ("rg-ub", []),  # not to be told on this machine
        ("r----------b", [0, 2, 3, 5, 6, 8, 9, 11]),
    ],
)
def test_a_sweep_takes_what_lies_in_the_bracket_and_its_ends(letters: str, minors: list[int]) -> None:
    rows = found(letters)
    expected = tuple(f"2.{minor}.0" for minor in minors)
    assert next_versions(question(len(rows)), rows, bracket(rows)) == expected


@pytest.mark.parametrize("count", range(1, 40))
def test_spread_takes_different_places_and_leaves_gaps_that_are_alike(count: int) -> None:
    taken = spread(range(count), 6)
    assert len(set(taken)) == min(6, count)
    gaps = [after - before for before, after in zip([-1, *taken], [*taken, count], strict=True)]
    assert max(gaps) - min(gaps) <= 1


def test_every_version_of_many_is_narrowed_to_one() -> None:
    for first_bad in range(1, 40):
        rows = found("r" + "-" * 38 + "b")
        rounds = 0
        while chosen := next_versions(question(40), rows, bracket(rows)):
            seen = {each.version: each for each in found("r" + "g" * (first_bad - 1) + "b" * (40 - first_bad))}
            rows = list(combined(question(40), [{each.version: each for each in rows}, {v: seen[v] for v in chosen}]))
            rounds += 1
        assert bracket(rows) == Bracket(first_bad - 1, first_bad)
        assert rounds <= 2


def test_what_a_run_decided_is_not_lost_to_a_later_one_that_did_not() -> None:
    bad, unsure = found("rb"), found("ru")
    first, second = ({each.version: each for each in rows} for rows in (bad, unsure))
    assert [each.standing for each in combined(question(2), [first, second])] == ["reference", "bad"]
    assert [each.standing for each in combined(question(2), [second, first])] == ["reference", "bad"]


@pytest.mark.parametrize(
    ("ratios", "stands"),
    [
        ([0.90, 0.91, 0.92, 0.90, 0.91, 0.89], "bad"),
        ([0.90, 0.99, 1.0, 0.94, 0.95, 0.97], "not-decided"),
        ([0.98, 0.985, 0.98, 0.975, 0.98, 0.98], "good"),  # slower, and by less than the margin
        ([1.2, 1.3, 1.1, 1.2, 1.25, 1.3], "good"),
        ([0.99, 1.2, 1.1, 1.0, 1.3, 1.2], "good"),  # not decided, and not worse by the margin
        ([0.5] * 5, "not-decided"),  # too few
    ],
)
def test_a_version_stands_by_its_interval(ratios: list[float], stands: Standing) -> None:
    assert standing("throughput", judge(ratios, ClaimRule(margin=0.05))) == stands


@pytest.mark.parametrize(("ratios", "stands"), [([1.1] * 6, "bad"), ([0.5] * 6, "good")])
def test_of_memory_and_seconds_more_is_worse(ratios: list[float], stands: Standing) -> None:
    rule = ClaimRule(margin=0.05)
    assert standing("peak_memory_bytes", judge(ratios, rule)) == stands
    assert standing("start_up_seconds", judge(ratios, rule)) == stands
