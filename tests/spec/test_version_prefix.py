"""A version given in part means the newest offered one, and a contender is recorded with all of it."""

from __future__ import annotations

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec.contenders import parse, prefix_lines
from orchestrator.spec.version_prefix import complete

OFFERED = ("2.9.1", "2.10.0", "2.10.2", "2.14.0", "3.0.0rc1")


@pytest.mark.parametrize(("prefix", "newest"), [("2.10", "2.10.2"), ("2.9", "2.9.1"), ("2", "2.14.0")])
def test_a_prefix_is_the_newest_offered_version_by_number(prefix: str, newest: str) -> None:
    assert complete("x", prefix, OFFERED) == newest


@pytest.mark.parametrize("exact", ["2.10.0", "2.10.7", "0.1.0", "2.10.0+cpu", "2.10rc1"])
def test_an_exact_version_stays_offered_or_not(exact: str) -> None:
    assert complete("x", exact, OFFERED) == exact


def test_a_prefix_ends_at_a_dot() -> None:
    with pytest.raises(UsageError):
        complete("x", "2.1", OFFERED)


def test_an_unknown_prefix_is_refused_with_the_nearest_versions() -> None:
    with pytest.raises(UsageError, match=r"x has no version 2\.11") as refused:
        complete("x", "2.11", (*OFFERED, "1.11.0", "2.12.0"))
    assert refused.value.remedy == "offered versions nearest to it: 2.12.0, 2.10.2, 2.10.0, 2.9.1"


def test_a_contender_given_by_a_prefix_is_the_exact_one() -> None:
    assert parse("tf[xla]==2.19").written == "tf[xla]==2.19.1"


def test_what_a_prefix_became_is_said_and_nothing_of_an_exact_version() -> None:
    texts = ["torch", "torch==2.13.0", "torch==2.14", "mine@registry/image:1"]
    assert prefix_lines(texts) == ["torch==2.14 is torch==2.14.1, the newest version offered"]
