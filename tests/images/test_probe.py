"""A contender's probe as the host starts it, with steps of the test's own: no framework is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from orchestrator.engines.docker import judge_framework as framework
from orchestrator.engines.docker.one_off import CommandResult
from orchestrator.spec.contenders import ROOT
from shared.probe import FEATURES, ROWS, TEXT_LIMIT, Operations, expect, steps

PROBE = """
import os, sys
from shared.probe import Step, arguments, expect, run_steps

def noisy():
    print("a library prints")
    os.write(1, b"as does its C++ part")
    return expect(9.0, 9)

def broken():
    raise RuntimeError("\\n  no kernel image\\n" + "and a page of more " * 100)

device, modes = arguments()
known = {"noisy": noisy, "broken": broken, "long": lambda: "x" * 5000, "where": lambda: device}
sys.exit(run_steps([Step(name.strip("?"), not name.endswith("?"), known[name.strip("?")]) for name in modes]))
"""


def probe(*steps: str) -> subprocess.CompletedProcess[bytes]:
    """Run steps by name; a question mark says that nothing needs it."""
    command = [sys.executable, "-W", "error", "-c", PROBE, "cpu", *steps]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def told(*steps: str) -> tuple[int, list[tuple[str, bool, bool]]]:
    found = probe(*steps)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    return found.returncode, [(line["step"], line["ok"], line["needed"]) for line in lines]


def test_steps_are_told_in_order() -> None:
    assert told("where", "noisy") == (0, [("where", True, True), ("noisy", True, True)])


def test_what_libraries_print_goes_elsewhere() -> None:
    found = probe("noisy")
    assert len(found.stdout.splitlines()) == 1
    assert b"a library prints" in found.stderr
    assert b"as does its C++ part" in found.stderr


def test_a_needed_step_that_fails_is_the_last() -> None:
    assert told("where", "broken", "noisy") == (1, [("where", True, True), ("broken", False, True)])


def test_a_step_that_nothing_needs_may_fail() -> None:
    assert told("broken?", "noisy") == (0, [("broken", False, False), ("noisy", True, True)])


def test_what_is_told_is_what_the_host_reads_and_short() -> None:
    steps = framework.read(CommandResult(0, False, probe("long", "broken?").stdout))
    assert steps is not None
    assert [len(step.found) <= TEXT_LIMIT for step in steps] == [True, True]
    assert steps[1].found.startswith("RuntimeError: no kernel image")


def test_a_result_that_is_not_the_one_of_arithmetic_is_an_error() -> None:
    assert expect(9.0, 9) == "9"
    for wrong in (9.001, float("nan")):
        with pytest.raises(ValueError, match="not 9"):
            expect(wrong, 9)


def operations(gradient: float = ROWS, compiling_mode: str = "") -> Operations:
    """A framework that computes right but, where it is told so, the gradient of the product."""
    return Operations(
        framework=lambda device: f"1.0 on {device}",
        convolution=lambda device: (9.0, 8.0 * 26 * 26),
        product=lambda device: (float(FEATURES), gradient),
        compiled=lambda device: float(FEATURES),
        compiling_mode=compiling_mode,
    )


def test_the_steps_of_a_framework_find_what_arithmetic_gives() -> None:
    found = [(step.name, step.attempt()) for step in steps(operations(), "cpu", [])]
    assert found == [("framework", "1.0 on cpu"), ("convolution", "9"), ("product", "1024"), ("compile", "1024")]


def test_a_wrong_gradient_is_an_error_though_the_result_is_right() -> None:
    (product,) = [step for step in steps(operations(gradient=63.0), "cpu", []) if step.name == "product"]
    with pytest.raises(ValueError, match="the result is 63"):
        product.attempt()


@pytest.mark.parametrize(
    ("compiling_mode", "modes", "needed"),
    [("", [], False), ("", ["xla"], False), ("xla", [], False), ("xla", ["xla"], True)],
)
def test_the_compiler_is_needed_where_the_mode_compiles(compiling_mode: str, modes: list[str], needed: bool) -> None:
    assert steps(operations(compiling_mode=compiling_mode), "cpu", modes)[-1].needed is needed
