"""The sentinel computes before each block of a run, and never while one of its workers may be alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from orchestrator.engines.scripted import ScriptedEngine
from orchestrator.host.hardware import Hardware
from orchestrator.plan.plan import make_plan
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.sentinel import SentinelReading, SentinelSeries
from orchestrator.run.between_blocks import BetweenBlocks
from orchestrator.runtime import Runtime
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import Spec
from shared import mnist
from tests.support.line import Line, compare

SPEC = Spec(recipes=("article-torch",), epochs=1, train_images=640, runs=3)


@pytest.fixture
def line(tmp_path: Path, mnist_folder: Path) -> Line:
    return Line(tmp_path / "runs", mnist_folder, np.asarray(mnist.load(mnist_folder, "8x8").test_labels))


class Computing:
    """Notes what was alive whenever it computed, and takes a second more each time."""

    def __init__(self, engine: ScriptedEngine | None = None) -> None:
        self.engine = engine
        self.alive: list[int] = []

    def __call__(self) -> float:
        self.alive.append(len(self.engine.started) if self.engine else 0)
        return float(len(self.alive))


def watched(line: Line) -> tuple[Runtime, Computing]:
    runtime = line.runtime()
    assert isinstance(runtime.engine, ScriptedEngine)
    computing = Computing(runtime.engine)
    return replace(runtime, sentinel=computing), computing


def test_it_computes_once_a_block_while_no_worker_is_alive_and_the_summary_has_the_series(line: Line) -> None:
    runtime, computing = watched(line)
    folder, summary = compare(runtime, SPEC)
    assert computing.alive == [0, 0, 0]
    assert summary.sentinel is not None
    assert [(each.run, each.seed, each.seconds) for each in summary.sentinel.readings] == [
        (1, 1, 1.0),
        (2, 1, 2.0),
        (3, 1, 3.0),
    ]
    assert "median 2.000 s, from 1.000 to 3.000 s" in (folder.path / "report.md").read_text()
    assert "median 2.000 s, from 1.000 to 3.000 s" in (folder.path / "report.html").read_text()


def test_a_run_of_one_block_has_no_series(line: Line) -> None:
    runtime, computing = watched(line)
    _, summary = compare(runtime, SPEC.replace(runs=1))
    assert (computing.alive, summary.sentinel) == ([], None)


def test_of_an_engine_elsewhere_the_report_says_that_there_is_none(line: Line) -> None:
    runtime = replace(line.runtime(), hardware=Hardware(cores=2, here=False))
    folder, summary = compare(runtime, SPEC)
    assert summary.sentinel is not None
    assert summary.sentinel.readings == ()
    assert "none: the workers ran on another machine than bakeoff" in (folder.path / "report.md").read_text()


def test_a_block_that_an_earlier_host_began_is_left_alone_and_the_series_goes_on(tmp_path: Path) -> None:
    plan = make_plan(resolve(SPEC, Hardware(cores=2)), None)
    folder = RunFolder.create(tmp_path, "made-up")
    folder.write_sentinel(SentinelSeries(readings=(SentinelReading(run=1, seed=1, seconds=0.5),)))
    computing = Computing()
    between = BetweenBlocks(plan, folder, computing)
    of = {run: [planned for planned in plan.trials if planned.run == run] for run in (1, 2, 3)}
    folder.trial(of[2][1].id).begin(of[2][1].trial, datetime.now(UTC))
    for run in (1, 2, 3):
        between.before(of[run])
    readings = folder.read_sentinel()
    assert readings is not None
    assert [(each.run, each.seconds) for each in readings.readings] == [(1, 0.5), (3, 1.0)]
