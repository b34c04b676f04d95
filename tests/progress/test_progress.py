"""What the views show, compared as text: terminals of 80 and 120 columns, logs, programs, hostile workers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from orchestrator import progress as console
from orchestrator.plan.plan import Plan
from orchestrator.progress.format import BLOCKS, clock, quote, sparkline, time_left
from orchestrator.progress.frame import frame
from orchestrator.progress.json_lines import JsonLines
from orchestrator.progress.live import LiveView
from orchestrator.progress.outlet import Outlet
from orchestrator.progress.plain import Plain
from orchestrator.progress.quiet import Quiet
from orchestrator.progress.state import Board
from orchestrator.progress.view import View
from orchestrator.record.record import Epoch, Record, Status
from orchestrator.spec.contenders import Contender
from shared.events import EpochEnded, Heartbeat, PhaseEnded, RunEnded, Warned, WorkerReady
from shared.recipe import Slice, Training
from tests.support.plans import plan_of
from tests.support.recipes import dense

RECIPE = dense("article-tf", Training(5, 32, "framework"), Slice("train", 0, 6000), Slice("train", 6000, 8000))
TORCH, TF = "torch-2.13.0.article-tf.s1", "tf-2.21.0.article-tf.s1"
HOSTILE = "a \x1b[2Jb \x1b]52;c;aGk=\x07c \x9b31md [/foo] [red]:skull:\u202e\ud800 e\x7f"
TAMED = "a b c d [/foo] [red]:skull: e"


def planned(seeds: int = 1) -> Plan:
    contenders = [Contender("torch", "2.13.0"), Contender("tf", "2.21.0")]
    return plan_of(contenders, [RECIPE], seeds=seeds)


def epoch(number: int, train_loss: float | None = 0.412) -> EpochEnded:
    return EpochEnded(number, 6000, 2.0, 0.5, train_loss, 0.85, 0.398, 0.881)


def record(trial_id: str = TORCH, status: Status = Status.DONE, **fields: object) -> Record:
    whole = {
        "id": trial_id,
        "contender": "torch==2.13.0",
        "framework": "PyTorch",
        "framework_version": "2.13.0",
        "title": "PyTorch",
        "colour": "#ee4c2c",
        "recipe": "article-tf",
        "seed": 1,
        "run": 1,
        "engine": "scripted",
        "device": "cpu",
        "status": status,
        "reason": "",
        "image": None,
        "started_at": None,
        "wall_seconds": 15.0,
        "worker_seconds": 14.0,
        "test_accuracy": 0.9712,
    }
    return Record.model_validate({**whole, **fields})


def kept(number: int, train_loss: float | None) -> Epoch:
    return Epoch(
        epoch=number,
        train_loss=train_loss,
        val_loss=0.3,
        train_accuracy=0.9,
        val_accuracy=0.9,
        seconds=2.0,
        evaluation_seconds=0.5,
        images=6000,
        images_per_second=3000.0,
    )


FAILED = record(
    TF,
    Status.FAILED,
    reason=f"exited with 1: {HOSTILE}",
    stderr_tail=("Traceback:", '  File "worker.py"', f"    {HOSTILE}", "ValueError: bad"),
)


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def screen(width: int = 120, *, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=width, height=24, force_terminal=terminal, color_system=None, legacy_windows=False
    )


def text(view_console: Console) -> str:
    assert isinstance(view_console.file, io.StringIO)
    return view_console.file.getvalue()


def drawn(board: Board, now: float, width: int, height: int | None = None) -> list[str]:
    paper = screen(width)
    paper.print(frame(board, now, width=width, height=height))
    return [line.rstrip() for line in text(paper).splitlines()]


def midway() -> Board:
    """The first trial is done, the second has trained two epochs and heard a heartbeat of the third."""
    board = Board(planned(), "quick size")
    board.start(TORCH, 0.0)
    board.end(
        record(epochs=[kept(number, 0.5 / number) for number in range(1, 6)], peak_memory_bytes=812_000_000), 15.0
    )
    board.start(TF, 15.0)
    for number in (1, 2):
        board.apply(TF, epoch(number), 16.0 + number)
    board.apply(TF, Heartbeat("train", 3, 94, 188), 19.0)
    return board


# Plain lines


def test_an_epoch_is_one_line_behind_the_trials_prefix() -> None:
    paper = screen()
    view = Plain(paper)
    view.plan_made(planned(), "quick size")
    view.trial_started(TORCH)
    view.event(TORCH, epoch(2))
    assert text(paper).splitlines() == [
        "quick size",
        "[torch-2.13.0.article-tf.s1] started, 1 of 2",
        "[torch-2.13.0.article-tf.s1] epoch 2/5  train loss 0.4120  val loss 0.3980  val acc 88.10 %  3,000 images/s",
    ]


def test_a_line_longer_than_the_terminal_is_not_broken() -> None:
    paper = screen(20)
    Plain(paper).say("x" * 50)
    assert text(paper) == "x" * 50 + "\n"


def test_a_diverged_epoch_says_so_and_shows_no_number() -> None:
    paper = screen()
    view = Plain(paper)
    view.plan_made(planned(), "")
    view.event(TORCH, replace(epoch(1, None), diverged=True))
    assert "train loss –  " in text(paper)
    assert text(paper).endswith("  diverged\n")


@pytest.mark.parametrize(("verbosity", "shown"), [(0, False), (1, True)])
def test_phases_are_told_to_those_who_asked(verbosity: int, shown: bool) -> None:
    paper = screen()
    view = Plain(paper, verbosity)
    view.plan_made(planned(), "")
    view.event(TORCH, PhaseEnded("first_step", 1.25))
    view.event(TORCH, WorkerReady("PyTorch", "2.13.0", {}, "cpu", {}, "", "", 20_212))
    assert ("first step: 1.25 s" in text(paper)) is shown
    assert ("PyTorch 2.13.0 on cpu, 20,212 parameters" in text(paper)) is shown


def test_a_sign_of_life_comes_after_thirty_seconds_of_silence_and_no_sooner() -> None:
    paper, now = screen(), Clock()
    view = Plain(paper, now=now)
    view.plan_made(planned(), "")
    view.trial_started(TORCH)
    view.event(TORCH, PhaseEnded("warm_up", 1.0))
    before = text(paper)
    now.now += 29
    view.event(TORCH, Heartbeat("train", 1, 90, 188))
    assert text(paper) == before
    now.now += 1
    view.event(TORCH, Heartbeat("train", 1, 100, 1313))
    view.event(TORCH, Heartbeat("train", 1, 101, 1313))
    assert text(paper).removeprefix(before).splitlines() == [
        "[torch-2.13.0.article-tf.s1] still running: train, epoch 1/5, step 100 of 1,313, 0:30"
    ]


def test_after_a_trial_the_time_left_is_told() -> None:
    paper, now = screen(), Clock()
    view = Plain(paper, now=now)
    view.plan_made(planned(), "")
    view.trial_started(TORCH)
    now.now += 60
    view.trial_ended(record(wall_seconds=60.0, epochs=[kept(1, 0.5), kept(2, 0.4)]))
    assert text(paper).splitlines()[-2:] == [
        "[torch-2.13.0.article-tf.s1] ✓ done after 1:00  test acc 97.12 %",
        "1 of 2 trials, about 1 min 10 s left",
    ]


def test_the_last_trial_leaves_no_time_to_tell() -> None:
    paper = screen()
    view = Plain(paper)
    view.plan_made(planned(), "")
    view.trial_ended(record())
    view.trial_ended(record(TF))
    assert text(paper).splitlines()[-1].startswith(f"[{TF}] ✓ done")


def test_a_failed_trial_shows_its_reason_and_its_last_words_tamed() -> None:
    paper = screen()
    view = Plain(paper)
    view.plan_made(planned(), "")
    view.trial_ended(FAILED)
    assert text(paper).splitlines()[1:] == [
        f"[{TF}] ✗ failed after 0:15: exited with 1: {TAMED}",
        "    │ Traceback:",
        '    │   File "worker.py"',
        f"    │     {TAMED}",
        "    │ ValueError: bad",
    ]


def test_of_a_long_standard_error_the_last_fifteen_lines_are_shown() -> None:
    paper = screen()
    view = Quiet(paper)
    view.trial_ended(record(TF, Status.TIMED_OUT, stderr_tail=tuple(f"line {number}" for number in range(1, 41))))
    assert [line[6:] for line in text(paper).splitlines()[1:]] == [f"line {number}" for number in range(26, 41)]


def test_plain_lines_move_no_cursor_even_on_a_terminal() -> None:
    paper = screen(terminal=True)
    play(Plain(paper))
    assert "\x1b" not in text(paper)


# Quiet


def test_quiet_tells_failures_alone() -> None:
    paper = screen()
    play(Quiet(paper))
    assert [line for line in text(paper).splitlines() if line.startswith("[")] == [
        f"[{TF}] ✗ failed after 0:15: exited with 1: {TAMED}"
    ]


# JSON


def test_every_line_for_programs_is_an_object_with_its_kind() -> None:
    stream = io.StringIO()
    play(JsonLines(stream))
    kinds = [json.loads(line)["kind"] for line in stream.getvalue().splitlines()]
    assert set(kinds) == {"planned", "trial_started", "event", "trial_ended", "say"}


def test_lines_for_programs_keep_the_text_and_no_control_byte() -> None:
    stream = io.StringIO()
    JsonLines(stream).say(HOSTILE)
    assert stream.getvalue().rstrip("\n").isprintable()
    assert stream.getvalue().isascii()
    assert json.loads(stream.getvalue())["line"] == HOSTILE


def test_an_event_for_programs_has_its_fields() -> None:
    stream = io.StringIO()
    JsonLines(stream).event(TORCH, Heartbeat("train", 1, 2, 3))
    assert json.loads(stream.getvalue()) == {
        "kind": "event",
        "trial": TORCH,
        "event": "heartbeat",
        "phase": "train",
        "epoch": 1,
        "step": 2,
        "steps": 3,
    }


def test_a_number_that_json_does_not_know_becomes_null() -> None:
    stream = io.StringIO()
    JsonLines(stream).event(TORCH, epoch(1, float("nan")))
    assert json.loads(stream.getvalue())["train_loss"] is None


def test_the_plan_for_programs_names_every_trial() -> None:
    stream = io.StringIO()
    JsonLines(stream).plan_made(planned(), "quick size")
    first, _ = json.loads(stream.getvalue())["trials"]
    assert first == {
        "id": TORCH,
        "contender": "torch==2.13.0",
        "recipe": "article-tf",
        "seed": 1,
        "run": 1,
        "epochs": 5,
        "device": "cpu",
    }


# The live table


def test_the_table_at_120_columns() -> None:
    assert drawn(midway(), 20.0, 120) == [
        "quick size",
        "status       trial                        epoch train loss curve val acc images/s peak mem time",
        "✓ done       torch==2.13.0 · article-tf     5/5     0.1000 █▄▂▁▁ 90.00 %    3,000   812 MB 0:15",
        "● train      tf==2.21.0 · article-tf    90% 2/5     0.4120 ▁▁    88.10 %    3,000          0:05",
        "━━━━━━━━━━━━━━━━━━╸      79% 1 of 2 trials · 0 failed · a few seconds left",
    ]


def test_the_table_at_80_columns_drops_what_can_wait() -> None:
    assert drawn(midway(), 20.0, 80) == [
        "quick size",
        "status       trial                        epoch curve val acc images/s time",
        "✓ done       torch==2.13.0 · article-tf     5/5 █▄▂▁▁ 90.00 %    3,000 0:15",
        "● train      tf==2.21.0 · article-tf    90% 2/5 ▁▁    88.10 %    3,000 0:05",
        "━━━━━━━━━━━━━━━━━━╸      79% 1 of 2 trials · 0 failed · a few seconds left",
    ]


def test_seeds_are_named_where_there_are_several() -> None:
    assert "torch==2.13.0 · article-tf · s1" in drawn(Board(planned(seeds=2), ""), 0.0, 80)[2]


def test_a_name_too_long_for_its_column_loses_its_middle() -> None:
    assert "torch==…-tf · s1" in drawn(Board(planned(seeds=2), ""), 0.0, 65)[2]


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, drawn(midway(), 20.0, width))) <= width


def test_before_anything_ran_the_trials_are_queued_and_no_time_is_promised() -> None:
    lines = drawn(Board(planned(), ""), 0.0, 120)
    assert [line.split()[:2] for line in lines[2:4]] == [["·", "queued"]] * 2
    assert lines[-1].endswith("0% 0 of 2 trials · 0 failed")


def test_a_table_taller_than_the_terminal_is_cut_around_the_running_trial() -> None:
    board = Board(planned(seeds=10), "")
    for state in list(board.trials)[:9]:
        board.end(record(state), 1.0)
    board.start(list(board.trials)[9], 1.0)
    lines = drawn(board, 2.0, 120, height=13)
    assert len(lines) == 12
    assert lines[-2] == "… 12 more"
    assert sum("● start" in line for line in lines) == 1


def test_the_last_frame_shows_every_trial() -> None:
    lines = drawn(Board(planned(seeds=10), ""), 2.0, 120, height=None)
    assert sum("queued" in line for line in lines) == 20


def test_the_table_shows_the_record_where_the_stream_lost_epochs() -> None:
    board = Board(planned(), "")
    board.start(TORCH, 0.0)
    board.apply(TORCH, epoch(1), 1.0)
    board.end(record(epochs=[kept(number, 0.25) for number in range(1, 6)]), 15.0)
    assert "5/5     0.2500" in drawn(board, 15.0, 120)[2]


def test_between_heartbeats_the_epoch_goes_on_at_the_last_ones_pace() -> None:
    state = midway().trials[TF]
    assert [state.epoch_share(now) for now in (19.0, 19.5, 20.0)] == pytest.approx([0.5, 0.7, 0.9])


def test_only_the_worker_ends_an_epoch() -> None:
    assert midway().trials[TF].epoch_share(1e6) < 1


def test_the_first_epoch_moves_by_heartbeats_alone() -> None:
    board = Board(planned(), "")
    board.start(TORCH, 0.0)
    board.apply(TORCH, Heartbeat("train", 1, 47, 188), 10.0)
    assert board.trials[TORCH].epoch_share(60.0) == 0.25


def test_a_phase_follows_the_end_of_the_one_before() -> None:
    board = Board(planned(), "")
    board.start(TORCH, 0.0)
    shown = []
    for event in (
        PhaseEnded("build", 1.0),
        PhaseEnded("warm_up", 1.0),
        epoch(5),
        RunEnded(0.1, 0.9, 7, "resident", 9.0),
    ):
        board.apply(TORCH, event, 1.0)
        shown.append(board.trials[TORCH].phase)
    assert shown == ["first_step", "train", "predict", "end"]


def test_a_failure_is_printed_above_the_table_and_the_table_stays() -> None:
    paper = screen(terminal=True)
    with LiveView(paper) as view:
        play(view)
    lines = text(paper).splitlines()
    assert f"[{TF}] ✗ failed after 0:15: exited with 1: {TAMED}" in text(paper)
    assert "1 of 2 trials" not in lines[-1]
    assert "2 of 2 trials · 1 failed" in text(paper).rpartition("━")[2]


def test_nothing_hostile_reaches_the_terminal_of_the_live_table() -> None:
    paper = screen()
    with LiveView(paper) as view:
        play(view)
    assert all(line.isprintable() for line in text(paper).splitlines())
    assert f"warning: {TAMED}" in text(paper)


def test_a_live_view_that_was_never_planned_closes_in_silence() -> None:
    paper = screen()
    with LiveView(paper):
        pass
    assert text(paper) == ""


# Choosing


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_terminal_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("stream", "term", "verbosity", "chosen"),
    [
        (Terminal, "xterm", 0, LiveView),
        (Terminal, "dumb", 0, Plain),
        (io.StringIO, "xterm", 0, Plain),
        (Terminal, "xterm", -1, Quiet),
    ],
)
def test_auto_fits_the_stream(
    stream: Callable[[], io.StringIO], term: str, verbosity: int, chosen: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    assert isinstance(console.view("auto", stream(), verbosity), chosen)


def test_forced_colour_does_not_move_the_cursor_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    view = console.view("auto", stream)
    assert isinstance(view, Plain)
    play(view)
    assert "\x1b[32m✓ done" in stream.getvalue()


def test_no_color_is_heeded_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    play(console.view("plain", stream))
    assert "✓ done" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()


@pytest.mark.parametrize("progress", ["rich", "plain", "json", "quiet"])
def test_an_ascii_stream_gets_ascii_from_every_view(progress: console.Progress) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with console.view(progress, stream) as view:
        play(view)
    shown = raw.getvalue().decode("ascii")
    assert "?" not in shown
    assert shown.endswith("\n")


@pytest.mark.parametrize("progress", ["rich", "plain", "json", "quiet"])
def test_a_reader_that_went_away_ends_no_comparison(progress: console.Progress) -> None:
    stream = io.StringIO()
    stream.close()
    with console.view(progress, stream) as view:
        play(view)


def test_an_outlet_whose_pipe_broke_is_silent_from_then_on() -> None:
    class Broken(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            raise BrokenPipeError

    stream = Broken()
    outlet = Outlet(stream)
    assert [outlet.write("one"), outlet.write("two")] == [3, 3]
    assert stream.writes == 1


# Words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.0, "a few seconds left"),
        (41.0, "about 40 s left"),
        (58.0, "about 1 min left"),
        (131.0, "about 2 min 10 s left"),
        (3599.0, "about 60 min left"),
        (3900.0, "about 1 h 5 min left"),
    ],
)
def test_time_left_is_said_as_coarsely_as_it_is_known(seconds: float | None, said: str) -> None:
    assert time_left(seconds) == said


@pytest.mark.parametrize(("seconds", "shown"), [(9.9, "0:09"), (754, "12:34"), (3723, "1:02:03")])
def test_elapsed_time_is_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_curve_stands_between_its_extremes() -> None:
    assert sparkline([0.8, 0.4, None, 0.1], 8) == "█▄×▁"


def test_a_flat_curve_lies_at_the_bottom() -> None:
    assert sparkline([0.3, 0.3], 8) == "▁▁"


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)), st.integers(2, 12))
def test_a_curve_is_never_wider_than_asked_and_made_of_blocks(values: list[float | None], width: int) -> None:
    curve = sparkline(values, width)
    assert len(curve) == min(len(values), width)
    assert set(curve) <= set(BLOCKS) | {"×"}


@given(st.text(max_size=400))
def test_a_quoted_line_is_one_printable_line(line: str) -> None:
    assert quote(line).isprintable()
    assert len(quote(line)) <= 300


def play(view: View) -> None:
    """Show a run of two trials, one of which breaks, through a worker that says hostile things."""
    view.say(HOSTILE)
    view.plan_made(planned(), HOSTILE)
    view.trial_started(TORCH)
    view.event(TORCH, Heartbeat(HOSTILE, 1, 1, 2))
    view.event(TORCH, Warned(HOSTILE))
    view.event(TORCH, PhaseEnded(HOSTILE, 1.0))
    view.event(TORCH, WorkerReady(HOSTILE, HOSTILE, {}, HOSTILE, {}, "", "", 1))
    view.event(TORCH, epoch(1))
    view.trial_ended(record())
    view.trial_started(TF)
    view.trial_ended(FAILED)
