"""What a container could do, as the probe tells it, and the checks that come of it; no engine is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.engines.check import Check, State
from orchestrator.engines.docker import judge_limits as limits
from orchestrator.engines.docker.one_off import CommandResult
from tests.support.checks import HELD, ended

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED


def states(checks: list[Check]) -> dict[str, State]:
    return {each.id.removeprefix("limits."): each.state for each in checks}


def test_restrictions_that_hold_are_well_one_by_one() -> None:
    expected = dict.fromkeys(("memory", "processes", "rights", "network", "files"), OK)
    assert states(limits.judge(ended(HELD))) == expected


@pytest.mark.parametrize(
    ("told", "promise", "state"),
    [
        ({"user": 0}, "rights", FAILED),
        ({"capabilities": 0xA80425FB}, "rights", FAILED),
        ({"no_new_privileges": 0}, "rights", FAILED),
        ({"network": True}, "network", FAILED),
        ({"root_writable": True}, "files", FAILED),
        ({"tmp_writable": False}, "files", FAILED),
        ({"shared_memory_bytes": 64 * 2**20}, "files", FAILED),
        ({"processes": 100}, "processes", WARNING),
    ],
)
def test_each_restriction_that_does_not_hold_is_told_apart(told: dict[str, object], promise: str, state: State) -> None:
    found = states(limits.judge(ended({**HELD, **told})))
    assert {name: value for name, value in found.items() if value is not OK} == {promise: state}


def test_a_memory_limit_that_lets_a_process_live_is_a_warning_with_a_fix() -> None:
    (found,) = [each for each in limits.judge(ended(HELD, "taken", oom_killed=False)) if each.state is not OK]
    assert (found.id, found.state) == ("limits.memory", WARNING)
    assert "swapaccount" in found.fix


def test_a_container_that_the_kernel_ended_as_a_whole_was_limited_too() -> None:
    assert states(limits.judge(ended(HELD, None, oom_killed=True)))["memory"] is OK
    assert states(limits.judge(ended(HELD, None, oom_killed=False)))["memory"] is WARNING


@pytest.mark.parametrize(
    "stdout",
    [b"", b"hello", b"{}", b'{"user": 10001}', b"[" * 5000, b"\xff\xfe", b"null\nnull", b'{"memory": "killed"}'],
)
def test_an_answer_that_makes_no_sense_is_no_answer(stdout: bytes) -> None:
    (found,) = limits.judge(CommandResult(1, False, stdout, "python3: not found"))
    assert (found.id, found.state) == ("limits", WARNING)
    assert "python3: not found" in found.found


def test_numbers_and_truths_are_taken_as_such_alone() -> None:
    for wrong in ({"user": "10001"}, {"user": -1}, {"network": 0}, {"processes": 1e9}, {"more": 1}):
        assert limits.read(ended({**HELD, **wrong})) is None


@given(some.binary(max_size=300))
def test_no_bytes_break_the_reader(stdout: bytes) -> None:
    for lines in (stdout, b'{"user": 10001, "capabilities": 0, ' + stdout):
        limits.judge(CommandResult(0, False, lines))
