"""What requirements.in refers to, and what pip's refusals mean. test_install.py is about what pip is asked."""

from __future__ import annotations

import pytest

from orchestrator.engines.install.context import arguments
from orchestrator.engines.install.pip import expanded, framework_of, variables, why_refused
from orchestrator.spec.contenders import offered_contenders, parse
from tests.support.paths import ROOT


@pytest.mark.parametrize("written", ["torch", "tf"])
@pytest.mark.parametrize("variant", ["cpu", "cuda"])
def test_no_argument_that_pip_expands_is_empty_in_a_real_contender(written: str, variant: str) -> None:
    """Pip leaves ${NAME} as it stands where the variable is empty."""
    contender, file = parse(written), offered_contenders()[written]
    asked = variables(arguments(contender, file, variant, ""))
    text = (ROOT / "images" / written / "requirements.in").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(value for name, value in asked.items() if any(f"${{{name}}}" in line for line in lines))


@pytest.mark.parametrize("line", ["torch==${VERSION}", "torch${EXTRAS}==${VERSION}"])
def test_the_first_line_of_the_requirements_names_the_framework(line: str) -> None:
    text = expanded(f"# a comment\n\n{line}\nnumpy==2\n", {"VERSION": "2.13.0", "EXTRAS": "[cuda]"})
    assert framework_of(text) == "torch"
    assert "$" not in text


def test_pips_own_reason_is_picked_out_once() -> None:
    lines = [
        "Collecting torch==9",
        "ERROR: Could not find a version that satisfies the requirement torch==9 (from versions: 2.13.0)",
        "ERROR: No matching distribution found for torch==9",
        "ERROR: No matching distribution found for torch==9",
        "[notice] To update, run: pip install --upgrade pip",
    ]
    assert why_refused(lines, "pip ended with 1") == (
        "Could not find a version that satisfies the requirement torch==9 (from versions: 2.13.0); "
        "No matching distribution found for torch==9"
    )


def test_a_full_disk_is_a_reason() -> None:
    line = "OSError: [Errno 28] No space left on device"
    assert why_refused([line], "pip ended with 1") == line


def test_without_a_reason_the_last_words_are_told() -> None:
    lines = ["WARNING: Retrying after connection broken", "gcc: not found", "", "A new release of pip is available"]
    assert why_refused(lines, "the step failed") == "the step failed: gcc: not found"


def test_without_any_words_the_failure_itself_is_told() -> None:
    assert why_refused([], "pip ended with 1") == "pip ended with 1"
