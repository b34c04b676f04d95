"""What requirements.in refers to. test_install.py is about what pip is asked."""

from __future__ import annotations

import pytest

from orchestrator.engines.install.context import arguments
from orchestrator.engines.install.pip import expanded, framework_of, variables
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
