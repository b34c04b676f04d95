"""A probe's steps and the check that comes of them; no framework is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.engines.check import State
from orchestrator.engines.docker import judge_framework as framework
from orchestrator.engines.docker.one_off import OUTPUT_BYTES, CommandResult
from orchestrator.spec.contenders import Contender, parse
from tests.support.checks import BROKEN, CONVOLVED, IMPORTED, UNCOMPILED

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED
TORCH = parse("torch==2.13.0")


def test_a_framework_that_computes_right_is_well() -> None:
    found = framework.judge(TORCH, "cpu", CommandResult(0, False, IMPORTED + CONVOLVED))
    assert (found.state, found.found) == (OK, "2.13.0 on cpu: convolution right, 3.0 s")
    assert (found.id, found.title) == ("framework.torch-2.13.0", "torch==2.13.0")


def test_a_step_that_nothing_needs_informs_and_fails_nothing() -> None:
    found = framework.judge(TORCH, "cpu", CommandResult(0, False, IMPORTED + CONVOLVED + UNCOMPILED))
    assert found.state is OK
    assert found.found.endswith("cannot compile, which nothing here needs (no compiler)")


def test_a_step_that_is_needed_fails_in_the_frameworks_words() -> None:
    found = framework.judge(TORCH, "cuda", CommandResult(1, False, IMPORTED + BROKEN))
    assert found.state is FAILED
    assert found.found == "fails on the GPU: convolution: RuntimeError: no kernel image"


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (CommandResult(139, False, IMPORTED, "core\n"), "exit code 139: core"),
        (
            CommandResult(1, False, b"", "Traceback\nImportError: libcuda\n\n"),
            "ended with 1 and no answer: ImportError: libcuda",
        ),
        (CommandResult(None, False, IMPORTED), "did not end in time"),
        (CommandResult(0, False, b"hello\n"), "ended with 0 and no answer: nothing on standard error"),
        (CommandResult(0, False, IMPORTED.replace(b"2.5", b"NaN")), "no answer"),
        (CommandResult(0, False, IMPORTED.replace(b"2.13.0 on cpu", b"x" * 1000)), "no answer"),
        (CommandResult(0, False, (IMPORTED * 1000)[:OUTPUT_BYTES]), "no answer"),
    ],
)
def test_an_end_without_sense_is_a_failure_with_what_is_known(end: CommandResult, told: str) -> None:
    found = framework.judge(TORCH, "cpu", end)
    assert found.state is FAILED
    assert told in found.found


def test_contenders_are_told_apart_by_version_in_ids() -> None:
    both: list[Contender] = [parse("torch==2.13.0"), parse("torch==2.14.1")]
    found = {framework.unprobed(each, "not built").id for each in both}
    assert found == {"framework.torch-2.13.0", "framework.torch-2.14.1"}


@given(some.binary(max_size=300))
def test_no_bytes_break_the_reader(stdout: bytes) -> None:
    for lines in (stdout, b'{"step": "framework", "ok": true, ' + stdout):
        framework.judge(TORCH, "cpu", CommandResult(0, False, lines))
