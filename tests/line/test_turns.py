"""A comparison by turns from end to end, through the scripted engine: one trains at a time, whatever ends meanwhile."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.summary import Summary
from orchestrator.engines.engine import Launch, WorkerExit
from orchestrator.engines.scripted import Script, ScriptedEngine
from orchestrator.host.hardware import Hardware
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec.spec import Spec
from shared.events import Event
from tests.support.line import TF, TORCH, Line, Pressing, compare, trial_of
from tests.support.turns import TURNS_OF_AN_EPOCH, Runner, Track

SPEC = Spec(recipes=("article-torch",), epochs=2, train_images=640, parity=False)
ROUNDS = 2 * TURNS_OF_AN_EPOCH

pytestmark = pytest.mark.usefixtures("without_figures")


class Course:
    """Runs comparisons whose workers take turns, and keeps who was told to train."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.track = Track()
        self.engine = ScriptedEngine(self.script, takes_turns=True)
        self.change: Callable[[Launch, Script], Script] = lambda _, script: script
        self.speeds: dict[str, Callable[[int], float]] = {}

    def script(self, launch: Launch) -> Script:
        events, whole = self.line.story(launch)
        if not trial_of(launch).turns:
            return whole
        speed = self.speeds.get(trial_of(launch).contender)
        return self.change(launch, Runner(launch.trial_id, self.track, speed).script(events, whole))

    @property
    def runtime(self) -> Runtime:
        return replace(self.line.runtime(), engine=self.engine, hardware=Hardware(cores=2, load=0.1))

    def compare(self, spec: Spec = SPEC) -> tuple[RunFolder, Summary]:
        return compare(self.runtime, spec)

    def of(self, contender: str) -> list[int]:
        return [round_ for trial, round_ in self.track.told if trial.startswith(contender)]


@pytest.fixture
def course(line: Line) -> Course:
    return Course(line)


def test_contenders_of_a_recipe_train_one_at_a_time_and_every_round_has_a_turn_of_each(course: Course) -> None:
    _, summary = course.compare()
    assert [trial.status for trial in summary.trials] == [Status.DONE] * 2
    assert course.track.at_once == 1
    assert course.of("tf") == course.of("torch") == list(range(1, 1 + ROUNDS))
    assert all(trial.by_turns for trial in summary.trials)


def test_the_order_of_rounds_is_drawn_by_lot_so_that_each_goes_first_in_some(course: Course) -> None:
    course.compare(SPEC.replace(runs=4))
    firsts = [trial.partition("-")[0] for trial, _ in course.track.told[::2]]
    assert {"tf", "torch"} == set(firsts)


def test_the_ratio_of_a_block_is_the_median_over_its_rounds(course: Course) -> None:
    course.speeds = {TF: lambda round_: 1500.0 if round_ > 2 else 10.0, TORCH: lambda _: 1000.0}
    _, summary = course.compare()
    (row,) = [row for row in summary.ratios if row.metric == "throughput"]
    over = row.ratios[0] if row.contender == TF else 1 / row.ratios[0]
    assert math.isclose(over, 1.5)
    assert row.blocks_by_turns == 1


def test_without_relay_trials_run_as_a_whole(course: Course) -> None:
    _, summary = course.compare(SPEC.replace(relay=False))
    assert course.track.told == []
    assert [trial.by_turns for trial in summary.trials] == [False, False]
    assert summary.comparison.turn_seconds is None


def test_where_one_dies_the_other_trains_to_its_end(course: Course) -> None:
    def die(launch: Launch, script: Script) -> Script:
        return replace(script, chunks=script.chunks[:-8], exit=WorkerExit(139)) if is_tf(launch) else script

    course.change = die
    _, summary = course.compare()
    statuses = {trial.contender: trial.status for trial in summary.trials}
    assert statuses == {TF: Status.FAILED, TORCH: Status.DONE}
    assert course.of("torch")[-1] == 0  # nobody else trained any more
    assert course.track.at_once == 1


def test_a_contender_that_fails_before_its_first_turn_leaves_the_other_alone(course: Course) -> None:
    course.change = lambda launch, script: replace(script, cannot_start="no room") if is_tf(launch) else script
    _, summary = course.compare()
    assert {trial.contender: trial.status for trial in summary.trials}[TORCH] is Status.DONE
    assert set(course.of("torch")) == {0}


@pytest.mark.parametrize("after", [1, 5, 9, 15, 21])
def test_ctrl_c_stops_all_that_live_and_resume_runs_them_again(course: Course, after: int) -> None:
    folder, summary = pipeline.compare(SPEC, course.runtime, Pressing(after))
    statuses = Counter(trial.status for trial in summary.trials)
    assert set(statuses) <= {Status.INTERRUPTED, Status.SKIPPED}
    assert statuses[Status.INTERRUPTED] >= 1
    assert course.engine.started == {}
    _, resumed = pipeline.resume(folder, course.runtime, console.view("quiet", io.StringIO()))
    assert [trial.status for trial in resumed.trials] == [Status.DONE] * 2
    assert course.track.at_once == 1


class Killed(BaseException):
    """What no code of ours catches: the host is gone."""


class Mortal(Pressing):
    """A view whose host dies at the n-th event."""

    def event(self, trial_id: str, event: Event) -> None:
        try:
            super().event(trial_id, event)
        except KeyboardInterrupt:
            raise Killed from None


@pytest.mark.parametrize("after", [1, 5, 9, 14, 20])
def test_a_run_whose_host_was_killed_ends_as_if_nothing_had_happened(course: Course, after: int) -> None:
    with pytest.raises(Killed):
        pipeline.compare(SPEC, course.runtime, Mortal(after))
    folder = RunFolder(max(course.line.out.glob("2*"), key=lambda path: path.stat().st_mtime_ns))
    _, resumed = pipeline.resume(folder, course.runtime, console.view("quiet", io.StringIO()))
    assert [trial.status for trial in resumed.trials] == [Status.DONE] * 2
    assert all(trial.by_turns for trial in resumed.trials)
    assert course.engine.started == {}


def test_detached_runs_are_run_as_whole_trials_since_nobody_would_hand_turns_over(course: Course) -> None:
    said: list[str] = []
    view = Saying(said)
    pipeline.compare(SPEC, course.runtime, view, detach=True)
    assert course.track.told == []
    assert any("--detach" in line for line in said)


class Saying(Pressing):
    def __init__(self, said: list[str]) -> None:
        super().__init__(10**9)
        self.said = said

    def say(self, line: str) -> None:
        self.said.append(line)


def test_the_record_keeps_every_turn_and_how_long_it_waited(course: Course) -> None:
    folder, _ = course.compare()
    for record in records(folder):
        assert [turn.round for turn in record.turns] == list(range(1, 1 + ROUNDS))
        assert record.waits.seconds > 0


def test_parity_trials_run_as_a_whole(course: Course) -> None:
    folder, _ = course.compare(SPEC.replace(recipes=("matched-8x8",), epochs=1, train_images=5120, parity=True))
    roles = {record.role: record.by_turns for record in records(folder)}
    assert roles == {"measured": True, "parity": False}


def records(folder: RunFolder) -> Iterator[Record]:
    return (folder.read_record(path.name) for path in sorted((folder.path / "trials").iterdir()))


def is_tf(launch: Launch) -> bool:
    return launch.prepared.contender.name == "tf"
