"""docs/gate.md: its budget is the one that is printed, and its CI files are YAML whose commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it has no stubs here

from orchestrator.cli import gate
from orchestrator.spec.budget import EXAMPLE
from tests.cli.test_gate import SIZE, Play, check_junit, play
from tests.support.budgets import timed
from tests.support.cli import Bakeoff
from tests.support.line import Line
from tests.support.paths import ROOT

__all__ = ["play"]

PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def files(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def actions() -> dict[str, Any]:
    return dict(yaml.load(files("yaml")[0], yaml.BaseLoader))  # the base loader leaves "on" a text


def gitlab() -> dict[str, Any]:
    return dict(yaml.safe_load(files("yaml")[1]))


def commands() -> dict[str, list[str]]:
    steps = actions()["jobs"]["gate"]["steps"]
    return {"actions": [step["run"] for step in steps if "run" in step], "gitlab": gitlab()["gate"]["script"]}


def test_the_budget_shown_is_the_one_that_is_printed() -> None:
    assert files("toml") == [EXAMPLE]


def test_the_workflow_has_what_actions_asks_of_one() -> None:
    workflow = actions()
    assert set(workflow) == {"name", "on", "jobs"}
    (job,) = workflow["jobs"].values()
    assert {"runs-on", "steps"} <= set(job)
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    assert job["steps"][-1]["if"] == "always()"


def test_the_job_of_gitlab_lets_only_undecided_through() -> None:
    job = gitlab()["gate"]
    assert job["allow_failure"] == {"exit_codes": [6]}
    assert job["artifacts"]["reports"]["junit"] == "gate.xml"


@pytest.mark.parametrize("service", ["actions", "gitlab"])
@pytest.mark.parametrize(("slower", "code"), [(1.0, 0), (1.1, 5)])
def test_the_commands_of_a_job_run_and_leave_what_its_artifacts_name(
    bakeoff: Bakeoff,
    play: Play,
    line: Line,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    slower: float,
    code: int,
) -> None:
    play(timed(line, slower))
    page = tmp_path / "summary.md"
    if service == "actions":
        monkeypatch.setenv(gate.STEP_SUMMARY, str(page))
    install, gated = commands()[service]
    assert install == "pip install -e ."
    command, *words = shlex.split(gated)
    assert command == "bakeoff"
    assert bakeoff(*words, *SIZE[:-1]).code == code
    check_junit(tmp_path / "gate.xml", {"throughput": "failure" if code else None, "accuracy": None})
    verdict = "FAIL" if code else "PASS"
    written = page if service == "actions" else tmp_path / "gate.md"
    assert f"gate: {verdict}" in written.read_text()
