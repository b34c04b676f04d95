"""What a worker sets over the user is a mode: TensorFlow trains without oneDNN, audited, and says so from inside."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.summary import Summary
from orchestrator.engines.engine import Engine
from orchestrator.host.hardware import Hardware
from orchestrator.record.record import Status
from orchestrator.runtime import Runtime
from orchestrator.spec.spec import Spec

pytestmark = [pytest.mark.docker, pytest.mark.frameworks, pytest.mark.slow]

ON, OFF = "tf==2.21.0", "tf[onednn-off]==2.21.0"


@pytest.fixture(scope="module")
def summary(engine: Engine, mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """What a comparison of TensorFlow with itself, with and without oneDNN, says."""
    asked = Spec(contenders=(ON, OFF), recipes=("matched-8x8",), epochs=1, train_images=1000, parity=False)
    world = Runtime(
        engine=engine,
        engine_notice="",
        hardware=Hardware(cores=1),
        environment={},
        out=tmp_path_factory.mktemp("modes"),
        data=mnist_folder,
        variables={"TF_ENABLE_ONEDNN_OPTS": "0"},
    )
    _, found = pipeline.compare(asked, world, console.view("quiet", io.StringIO()))
    assert [trial.status for trial in found.trials] == [Status.DONE] * 2
    return found


def test_each_worker_tells_whether_onednn_computes(summary: Summary) -> None:
    workers = summary.environment.workers
    assert (workers[ON]["onednn"], workers[OFF]["onednn"]) == ("on", "off")
    assert workers[OFF]["flag TF_ENABLE_ONEDNN_OPTS"] == "0"


def test_the_mode_is_audited_and_its_first_steps_are_the_references(summary: Summary) -> None:
    assert {audit.contender: audit.agrees for audit in summary.audits} == {ON: True, OFF: True}
    for trial in summary.trials:
        assert {line.what: line.verdict for line in trial.verified}["first-losses"] == "agrees"


def test_the_report_says_that_the_mode_differs_and_that_the_variable_reached_no_worker(summary: Summary) -> None:
    said = {finding.id: finding.message for finding in summary.findings}
    assert said["variable-ignored"] == (
        "TF_ENABLE_ONEDNN_OPTS is set to 0, and no worker gets it: tf[onednn-off] does the same."
    )
    assert f"{ON} and {OFF} differ besides the version" in said["more-than-the-version"]
    assert "onednn" in said["more-than-the-version"]
