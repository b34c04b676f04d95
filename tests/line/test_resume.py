"""A run whose host ended goes on with the next one, and ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.summary import Comparison, Summary
from orchestrator.engines.engine import EngineLostError, Launch, Prepared
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.errors import PreflightError, UsageError
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.run.watchdog import Limits
from orchestrator.runtime import Runtime
from shared.events import EpochEnded, Event
from tests.support.line import SPEC, Line

TIMES = {"id", "started_at", "ended_at", "resumed_at", "wall_seconds"}
TIMES |= {"load_average_at_end", "memory_available_at_end"}


class Killed(BaseException):
    """What no code of ours catches: the host is gone."""


class Mortal:
    """A view whose host dies at the n-th thing that happens."""

    def __init__(self, lives: int) -> None:
        self._lives = lives
        self._view = console.view("quiet", io.StringIO())

    def event(self, trial_id: str, event: Event) -> None:
        self._live()

    def trial_started(self, trial_id: str) -> None:
        self._live()

    def trial_ended(self, record: Record) -> None:
        self._live()

    def _live(self) -> None:
        self._lives -= 1
        if self._lives == 0:
            raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


@pytest.fixture(scope="module")
def undisturbed(line: Line) -> Summary:
    return pipeline.compare(SPEC, line.runtime(), Mortal(0))[1]


def interrupted(runtime: Runtime, lives: int) -> RunFolder:
    with pytest.raises(Killed):
        pipeline.compare(SPEC, runtime, Mortal(lives))
    return RunFolder((runtime.out / "latest").resolve())


def but_for_times(summary: Summary) -> Any:
    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(each) for key, each in value.items() if key not in TIMES}
        if isinstance(value, list):  # whether its host saw a worker's events arrive, a kill of the host decides
            value = [each for each in value if not (isinstance(each, dict) and each.get("what") == "clock")]
        return [bare(each) for each in value] if isinstance(value, list) else value

    return bare(json.loads(summary.model_dump_json()))


@given(first=st.integers(1, 32), second=st.integers(1, 32))
@settings(max_examples=6, deadline=None)
def test_a_run_killed_at_any_moment_and_again_ends_as_if_undisturbed(
    line: Line, undisturbed: Summary, first: int, second: int
) -> None:
    runtime = line.runtime()
    folder = interrupted(runtime, first)
    with contextlib.suppress(Killed):
        pipeline.resume(folder, runtime, Mortal(second))
    _, summary = pipeline.resume(folder, runtime, Mortal(0))
    assert but_for_times(summary) == but_for_times(undisturbed)
    assert len(summary.comparison.resumed_at) == 2
    assert isinstance(runtime.engine, ScriptedEngine)
    assert runtime.engine.started == {}
    assert Summary.load(folder.path) == summary


@pytest.mark.parametrize("order_seed", [1, 2, 3])
def test_a_resumed_run_keeps_the_order_that_was_drawn_for_it(
    line: Line, monkeypatch: pytest.MonkeyPatch, order_seed: int
) -> None:
    started: list[str] = []

    def script(launch: Launch) -> Script:
        started.append(launch.trial_id)
        return line.good(launch)

    runtime = line.runtime(script)
    monkeypatch.setattr("orchestrator.pipeline.draw_seed", lambda: order_seed)
    folder = interrupted(runtime, 12)
    drawn = list(folder.read_manifest().trials)
    monkeypatch.setattr("orchestrator.pipeline.draw_seed", lambda: order_seed + 100)
    _, summary = pipeline.resume(folder, runtime, Mortal(0))
    assert list(dict.fromkeys(started)) == drawn
    assert summary.comparison.order_seed == order_seed


def test_every_event_stands_once_in_the_record_of_a_resumed_run(line: Line) -> None:
    runtime = line.runtime()
    folder = interrupted(runtime, 7)
    pipeline.resume(folder, runtime, Mortal(0))
    for path in folder.path.glob("trials/*/events.jsonl"):
        numbers = [json.loads(each)["seq"] for each in path.read_text().splitlines()]
        assert numbers == list(range(len(numbers)))


def test_what_is_recorded_is_not_run_again(line: Line) -> None:
    started: list[str] = []

    def script(launch: Launch) -> Script:
        started.append(launch.trial_id)
        return line.good(launch)

    runtime = line.runtime(script)
    pipeline.resume(interrupted(runtime, 30), runtime, Mortal(0))
    assert sorted(started) == sorted(set(started))
    assert len(started) == 4


def test_a_trial_that_failed_stays_failed(line: Line) -> None:
    def script(launch: Launch) -> Script:
        return Script() if not launch.trial_id.startswith("torch") else line.good(launch)

    runtime = line.runtime(script)
    folder = interrupted(runtime, 8)
    _, summary = pipeline.resume(folder, line.runtime(), Mortal(0))
    assert [trial.status.value for trial in summary.trials] == ["failed", "done", "done", "done"]


def test_a_trial_that_an_engines_restart_ended_is_run_again(line: Line) -> None:
    runtime = line.runtime()
    folder, summary = pipeline.compare(SPEC, runtime, Mortal(0))
    trial = folder.trial(summary.trials[1].id)
    record = trial.record()
    assert record is not None
    trial.write_record(record.model_copy(update={"status": Status.FAILED, "cause": "engine-restart"}))
    _, again = pipeline.resume(folder, runtime, Mortal(0))
    assert {each.status for each in again.trials} == {Status.DONE}
    assert (trial.path / "attempts" / "attempt" / "record.json").is_file()


def test_a_run_that_was_interrupted_is_run_to_its_end(line: Line) -> None:
    runtime = line.runtime()
    folder, partial = pipeline.compare(SPEC, runtime, Pressing())
    assert [trial.status.value for trial in partial.trials] == ["interrupted", "skipped", "skipped", "skipped"]
    _, summary = pipeline.resume(folder, runtime, Mortal(0))
    assert {trial.status for trial in summary.trials} == {Status.DONE}
    assert not summary.comparison.interrupted


def test_an_interrupted_run_whose_next_host_is_killed_has_not_ended(line: Line) -> None:
    runtime = line.runtime()
    folder, _ = pipeline.compare(SPEC, runtime, Pressing())
    assert Comparison.load(folder.path).ended_at is not None
    with pytest.raises(Killed):
        pipeline.resume(folder, runtime, Mortal(3))
    assert Comparison.load(folder.path).ended_at is None


def test_with_detach_ctrl_c_leaves_the_worker_and_resume_takes_it_up(line: Line) -> None:
    runtime = line.runtime()
    folder, partial = pipeline.compare(SPEC, runtime, Pressing(), detach=True)
    assert [trial.status.value for trial in partial.trials] == ["unknown", "skipped", "skipped", "skipped"]
    assert partial.comparison.interrupted
    assert isinstance(runtime.engine, ScriptedEngine)
    assert len(runtime.engine.started) == 1
    _, summary = pipeline.resume(folder, runtime, Mortal(0))
    assert {trial.status for trial in summary.trials} == {Status.DONE}
    assert summary.trials[0].events.duplicated == 0


def test_an_engine_that_stays_away_ends_the_run_for_now(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "Limits", functools.partial(Limits, engine_seconds=1.0))  # instead of two minutes
    runtime = replace(line.runtime(), engine=Away(line.good))
    folder, partial = pipeline.compare(SPEC, runtime, Mortal(0))
    assert [trial.status.value for trial in partial.trials] == ["unknown", "skipped", "skipped", "skipped"]
    _, summary = pipeline.resume(folder, line.runtime(), Mortal(0))
    assert {trial.status for trial in summary.trials} == {Status.DONE}


def test_two_hosts_are_never_at_one_run(line: Line) -> None:
    runtime = line.runtime()
    folder = interrupted(runtime, 5)
    with folder.lock(), pytest.raises(PreflightError, match="another bakeoff is at"):
        pipeline.resume(RunFolder(folder.path), runtime, Mortal(0))


def test_a_run_whose_image_has_changed_is_refused(line: Line) -> None:
    folder = interrupted(line.runtime(), 5)
    with pytest.raises(UsageError, match=r"what runs as tf==2\.21\.0, torch==2\.13\.0 has changed"):
        pipeline.resume(folder, replace(line.runtime(), engine=Rebuilt(line.good)), Mortal(0))


def test_a_run_whose_plan_would_be_another_is_refused(line: Line) -> None:
    folder = interrupted(line.runtime(), 5)
    document = json.loads((folder.path / "run.json").read_text())
    document["spec"]["epochs"] = 1
    (folder.path / "run.json").write_text(json.dumps(document))
    with pytest.raises(UsageError, match="has changed since this run began"):
        pipeline.resume(folder, line.runtime(), Mortal(0))


def test_a_run_that_has_ended_can_be_resumed_and_stays_as_it_is(line: Line, undisturbed: Summary) -> None:
    runtime = line.runtime()
    folder, first = pipeline.compare(SPEC, runtime, Mortal(0))
    _, again = pipeline.resume(folder, runtime, Mortal(0))
    assert but_for_times(again) == but_for_times(first)


class Pressing(Mortal):
    """Somebody presses Ctrl-C when the first epoch has ended."""

    def __init__(self) -> None:
        super().__init__(0)

    def event(self, trial_id: str, event: Event) -> None:
        if isinstance(event, EpochEnded):
            raise KeyboardInterrupt


class Away(ScriptedEngine):
    def start(self, launch: Launch) -> Any:
        raise EngineLostError("connection refused")


class Rebuilt(ScriptedEngine):
    def prepare(self, *args: Any) -> Prepared:
        return replace(super().prepare(*args), image="another")
