"""The process engine's checks of facts, each as it stands."""

from __future__ import annotations

import pytest

from orchestrator.engines.check import State
from orchestrator.engines.process.checks import isolation, python
from orchestrator.engines.process.engine import ProcessEngine

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED


@pytest.mark.parametrize(
    ("venv", "pip", "state"), [(True, True, OK), (True, False, FAILED), (False, True, FAILED), (False, False, FAILED)]
)
def test_python_needs_venv_and_pip(venv: bool, pip: bool, state: State) -> None:
    found = python(venv, pip, "3.12.1")
    assert found.state is state
    assert ("python3-venv" in found.fix) == (state is FAILED)


def test_the_process_engine_says_that_nothing_is_isolated() -> None:
    assert "nothing is isolated" in isolation(ProcessEngine.notice).found
