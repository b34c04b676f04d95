"""A run with --until-decided: looks at the table's numbers and nowhere else, and an end once all is decided."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.interim_look import Look
from orchestrator.analyse.summary import Summary
from orchestrator.engines.engine import Launch
from orchestrator.engines.scripted import Script
from orchestrator.errors import UsageError
from orchestrator.record.record import Record, Status
from orchestrator.record.run_folder import RunFolder
from orchestrator.runtime import Runtime
from orchestrator.spec.interim_schedule import LOOKS
from orchestrator.spec.spec import Spec
from shared.events import Event
from tests.support.groups import slow
from tests.support.line import TF, TORCH, Line, trial_of

SPEC = Spec(recipes=("article-torch",), epochs=5, train_images=640, until_decided=True)


def fixed(runs: int) -> Spec:
    return SPEC.replace(until_decided=False, runs=runs)


class Watching:
    """A view that keeps the looks, and at whose trial of number `last` the host dies."""

    def __init__(self, last: int = 0) -> None:
        self.looks: list[Look] = []
        self._left = last

    def say(self, line: str) -> None: ...

    def plan_made(self, plan: object, heading: str) -> None: ...

    def trial_started(self, trial_id: str) -> None: ...

    def event(self, trial_id: str, event: Event) -> None: ...

    def trial_ended(self, record: Record) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def looked(self, look: Look) -> None:
        self.looks.append(look)

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None: ...


def timed(line: Line, slower: float, scatter: float = 0.005) -> Callable[[Launch], Script]:
    """Play workers whose epochs take 3 s, PyTorch's `slower` times that, each trial off by `scatter` at random."""

    def script(launch: Launch) -> Script:
        trial = trial_of(launch)
        factor = slower if trial.contender == TORCH else 1.0
        off = random.Random(trial.id).gauss(0, scatter)
        return line.good(launch, epoch_seconds=3.0 * factor * (1 + off))

    return script


def run(line: Line, slower: float, scatter: float = 0.005, spec: Spec = SPEC) -> tuple[RunFolder, Summary, Watching]:
    view = Watching()
    folder, summary = pipeline.compare(spec, line.runtime(timed(line, slower, scatter)), view)
    return folder, summary, view


def measured(summary: Summary) -> int:
    return len([trial for trial in summary.trials if trial.role == "measured"])


def test_a_clear_difference_ends_the_run_at_the_first_look(line: Line) -> None:
    folder, summary, view = run(line, 1.10)
    row = summary.ratios[0]
    assert (row.verdict.verdict, row.verdict.blocks) == ("lower", 8)
    assert row.verdict.words.startswith("slower by 9.")
    assert [(look.blocks, look.next_blocks) for look in view.looks] == [(8, None)]
    assert measured(summary) == 16
    assert summary.look == view.looks[-1]
    assert (summary.comparison.runs, summary.comparison.until_decided) == (8, True)
    assert folder.read_manifest().trials == tuple(record.id for record in folder.read_records())


def test_no_difference_within_the_margin_ends_it_too(line: Line) -> None:
    _, summary, _ = run(line, 1.0)
    assert summary.ratios[0].verdict.words.startswith("no difference of 3 % or more")
    assert measured(summary) == 16


def test_what_is_not_decided_goes_on_to_the_last_look_and_says_what_can_be_found(line: Line) -> None:
    _, summary, view = run(line, 1.0, scatter=0.15)
    assert [look.blocks for look in view.looks] == list(LOOKS)
    assert view.looks[-1].next_blocks is None
    assert summary.ratios[0].verdict.words.startswith("cannot be decided here")
    intervals = view.looks[-1].comparisons[0].intervals
    assert [each.blocks for each in intervals] == list(LOOKS)


def test_trials_too_short_to_time_end_it_after_one_block(line: Line) -> None:
    _, summary = pipeline.compare(SPEC, line.runtime(), Watching())
    assert measured(summary) == 2
    assert summary.ratios[0].verdict.words.startswith("no claim: too short to time")


def test_a_contender_that_never_runs_ends_it_at_the_first_look(line: Line) -> None:
    def script(launch: Launch) -> Script:
        return Script() if trial_of(launch).contender == TF else timed(line, 1.0)(launch)

    _, summary = pipeline.compare(SPEC, line.runtime(script), Watching())
    assert measured(summary) == 16
    assert summary.ratios == ()


def test_every_comparison_has_to_be_decided(line: Line) -> None:
    def script(launch: Launch) -> Script:
        unsteady = trial_of(launch).contender == "torch==2.14.1"
        return timed(line, 1.3, 0.1 if unsteady else 0.001)(launch)

    spec = SPEC.replace(contenders=("tf", "torch", "torch==2.14.1"))
    _, summary = pipeline.compare(spec, line.runtime(script), Watching())
    assert summary.look is not None
    first, second = summary.look.comparisons
    assert first.intervals[0].bounds[1] < 1
    assert second.intervals[0].bounds[0] < 1 < second.intervals[0].bounds[1]
    assert measured(summary) == 3 * summary.look.blocks > 3 * 12


def test_seeds_share_the_blocks(line: Line) -> None:
    _, summary, _ = run(line, 1.1, spec=SPEC.replace(seeds=3))
    assert sorted({(trial.run, trial.seed) for trial in summary.trials})[-1] == (3, 2)
    assert summary.ratios[0].verdict.blocks == 8


@pytest.mark.parametrize("last", [5, *slow(1, 16)])
def test_an_interrupted_run_is_resumed_and_ends_at_the_same_look(line: Line, last: int) -> None:
    runtime = line.runtime(timed(line, 1.0, 0.03))
    undisturbed = pipeline.compare(SPEC, runtime, Watching())[1]
    folder = killed(runtime, last, SPEC, line, undisturbed.comparison.order_seed)
    _, summary = pipeline.resume(folder, runtime, Watching())
    assert [trial.id for trial in summary.trials] == [trial.id for trial in undisturbed.trials]
    assert summary.ratios == undisturbed.ratios
    assert {trial.status for trial in summary.trials} == {Status.DONE}


def killed(runtime: Runtime, last: int, spec: Spec, line: Line, seed: int) -> RunFolder:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pipeline, "draw_seed", lambda: seed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.compare(spec, runtime, Watching(last))
    return RunFolder((line.out / "latest").resolve())


def test_after_ctrl_c_blocks_that_were_never_reached_leave_no_record(line: Line) -> None:
    calls: list[str] = []

    def script(launch: Launch) -> Script:
        calls.append(launch.trial_id)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return timed(line, 1.0)(launch)

    folder, summary = pipeline.compare(SPEC, line.runtime(script), Watching())
    assert sorted(trial.status.value for trial in summary.trials) == [*["done"] * 4, "interrupted", "skipped"]
    _, again = pipeline.resume(folder, line.runtime(timed(line, 1.0)), Watching())
    assert measured(again) == 16


def test_a_fixed_run_that_goes_on_is_judged_by_looks_from_then_on(line: Line) -> None:
    runtime = line.runtime(timed(line, 1.0, 0.045))
    folder, first = pipeline.compare(fixed(10), runtime, Watching())
    assert first.look is None
    view = Watching()
    _, summary = pipeline.resume(folder, runtime, view, until_decided=True)
    assert view.looks[0].blocks == 12
    assert summary.comparison.until_decided
    assert summary.comparison.command.endswith("--until-decided --epochs 5 --train-images 640")
    assert [trial.id for trial in summary.trials][:20] == [trial.id for trial in first.trials]
    assert summary.trials[0].epochs == first.trials[0].epochs
    _, again = pipeline.resume(folder, runtime, Watching())
    assert again.ratios == summary.ratios


def test_a_fixed_run_that_a_look_decides_gets_no_block_more(line: Line) -> None:
    runtime = line.runtime(timed(line, 1.2))
    folder, first = pipeline.compare(fixed(9), runtime, Watching())
    _, summary = pipeline.resume(folder, runtime, Watching(), until_decided=True)
    assert measured(summary) == 18
    assert (first.ratios[0].verdict.blocks, summary.ratios[0].verdict.blocks) == (9, 8)


@pytest.mark.parametrize("runs", [1, 31])
def test_a_run_that_the_table_has_no_place_for_is_not_extended(line: Line, runs: int) -> None:
    folder, _ = pipeline.compare(fixed(runs).replace(epochs=1, contenders=("tf", "torch")), line.runtime(), Watching())
    with pytest.raises(UsageError, match=r"cannot be extended|31 blocks"):
        pipeline.resume(folder, line.runtime(), Watching(), until_decided=True)


def test_plain_lines_and_lines_for_programs_show_how_it_narrows(line: Line) -> None:
    plain, programs = io.StringIO(), io.StringIO()
    runtime = line.runtime(timed(line, 1.0, 0.03))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pipeline, "draw_seed", lambda: 7)
        pipeline.compare(SPEC, runtime, console.view("plain", plain))
        pipeline.compare(SPEC, runtime, console.view("json", programs))
    looks = [json.loads(text) for text in programs.getvalue().splitlines() if '"kind":"look"' in text]
    assert [look["blocks"] for look in looks] == list(LOOKS[: len(looks)])
    assert looks[-1]["next_blocks"] is None
    words = plain.getvalue()
    assert "look after 8 blocks: the next look is after 12" in words
    assert "nothing is left to decide" in words
    assert "to the look after 8 blocks, at most" in words
    before = words.partition("look after 8 blocks: the next look")[0]
    assert "the look after 8 blocks is due, at most" in before
    assert "the look after 12 blocks" not in before
    assert f"{TORCH} against {TF} on article-torch: " in words
    assert " % → ±" in words


def test_the_live_table_ends_with_what_ran(line: Line) -> None:
    paper = io.StringIO()
    with console.view("rich", paper) as view:
        pipeline.compare(SPEC, line.runtime(timed(line, 1.1)), view)
    assert "16 of 16 trials" in paper.getvalue()
    assert "look after 8 blocks: nothing is left to decide" in paper.getvalue()


def test_the_report_says_when_looks_were_due_and_where_the_run_ended(line: Line) -> None:
    folder, _, _ = run(line, 1.10)
    page = (folder.path / "report.md").read_text()
    assert "looks due after 8, 12, 16, 20, 25 and 30 blocks, and nowhere else. It has 8: nothing is left that" in page
