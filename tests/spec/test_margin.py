"""A margin is a share with its unit."""

from __future__ import annotations

import pytest

from orchestrator.errors import UsageError
from orchestrator.spec.margin import fraction, percent
from orchestrator.spec.spec import Spec


@pytest.mark.parametrize(
    ("given", "written", "share"), [("3%", "3%", 0.03), (" 0.5 % ", "0.5%", 0.005), ("100%", "100%", 1)]
)
def test_a_share_in_percent_is_taken_without_blanks(given: str, written: str, share: float) -> None:
    assert percent(given) == written
    assert fraction(percent(given)) == pytest.approx(share)


@pytest.mark.parametrize("given", ["3", "0.03", 3, 0.03])
def test_a_number_without_its_unit_is_refused_and_says_what_to_write(given: object) -> None:
    with pytest.raises(UsageError, match=f"--margin {given} has no unit") as refused:
        percent(given)
    assert refused.value.remedy == f"write {given}% if percent is what you mean"


@pytest.mark.parametrize("given", ["0%", "-3%", "101%", "3 points", "%", "", "nan%", "1e1%", None, ["3%"]])
def test_what_is_no_share_is_refused(given: object) -> None:
    with pytest.raises(UsageError, match="is no share above 0% and up to 100%"):
        percent(given)


def test_a_margin_is_repeated_as_it_was_given() -> None:
    assert Spec(margin="2.5 %").command == "bakeoff compare tf torch --margin 2.5%"
    assert "--margin" not in Spec(margin="3%").command
