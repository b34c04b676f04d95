"""What became of a worker, fact by fact."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.engine import Exit
from orchestrator.record import Status
from orchestrator.verdict import Ending, Verdict, verdict
from shared.events import Event, Failed
from tests.streams import BEAT, READY, STORY

GAVE_UP = Failed("ValueError", "no such layer")


def judged(
    ending: Ending = Ending.EXITED,
    left: Exit | None = Exit(0),  # noqa: B008 - a frozen value
    events: Sequence[Event] = STORY,
    stderr: Sequence[str] = (),
    limit: str = "",
) -> Verdict:
    return verdict(ending, left, events, stderr_tail=stderr, limit=limit)


def failed(reason: str) -> Verdict:
    return Verdict(Status.FAILED, reason)


def test_exit_code_zero_with_the_last_word_is_done() -> None:
    assert judged() == Verdict(Status.DONE, "")


def test_a_stream_cut_short_is_a_failure_whatever_the_exit_code() -> None:
    incomplete = failed("incomplete: the worker exited with code 0 but without its last word (run_ended)")
    assert judged(events=STORY[:-1]) == incomplete
    assert judged(events=()) == incomplete


def test_a_last_word_that_is_not_last_is_a_failure() -> None:
    assert judged(events=[*STORY, BEAT]).status is Status.FAILED


def test_the_last_word_does_not_excuse_an_exit_code() -> None:
    assert judged(left=Exit(1)) == failed("the worker exited with code 1; it wrote nothing to standard error")


def test_a_crash_is_told_in_its_last_words() -> None:
    crash = judged(left=Exit(1), events=[READY], stderr=["Traceback", "MemoryError"])
    assert crash == failed("the worker exited with code 1; its last words: MemoryError")


def test_what_the_worker_says_itself_comes_before_its_exit_code() -> None:
    assert judged(left=Exit(1), events=[READY, GAVE_UP]) == failed("ValueError: no such layer")


def test_a_worker_that_gave_up_has_failed_even_with_exit_code_zero() -> None:
    assert judged(events=[READY, GAVE_UP]) == failed("ValueError: no such layer")


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (132, "SIGILL"),
        (134, "SIGABRT"),
        (135, "shared memory"),
        (136, "SIGFPE"),
        (137, "SIGKILL"),
        (139, "segmentation fault"),
        (143, "SIGTERM"),
    ],
)
def test_a_signal_is_named(code: int, word: str) -> None:
    crash = judged(left=Exit(code), events=[READY])
    assert crash.status is Status.FAILED
    assert word in crash.reason


def test_out_of_memory_names_the_way_out() -> None:
    assert "at its limit; try a smaller --batch-size" in judged(left=Exit(137, oom_killed=True), events=[READY]).reason


def test_a_child_out_of_memory_does_not_fail_a_worker_that_finished() -> None:
    assert judged(left=Exit(0, oom_killed=True)).status is Status.DONE


def test_a_kill_from_outside_is_not_taken_for_the_workers_fault() -> None:
    left = Exit(137, killed_from_outside=True)
    assert judged(left=left, events=[READY]) == failed(
        "killed from outside (exit code 137): somebody stopped the container"
    )


@pytest.mark.parametrize("left", [None, Exit(-1, removed=True)])
def test_a_worker_that_was_removed_has_failed(left: Exit | None) -> None:
    assert judged(left=left) == failed("the worker was removed from outside before it ended")


def test_ctrl_c_is_interrupted() -> None:
    assert judged(Ending.INTERRUPTED, None) == Verdict(Status.INTERRUPTED, "stopped by the user")


def test_the_deadline_is_timed_out_and_says_how_to_allow_more() -> None:
    late = judged(Ending.DEADLINE, None, limit="60 s")
    assert late == Verdict(Status.TIMED_OUT, "not finished after 60 s; allow more with --timeout")


def test_silence_is_timed_out() -> None:
    silent = judged(Ending.SILENCE, None, limit="180 s")
    assert silent == Verdict(Status.TIMED_OUT, "no event for 180 s, not even a heartbeat: the worker hangs")


def test_a_flood_is_a_failure() -> None:
    assert judged(Ending.FLOODED, None).reason.startswith("flooded: ")


@pytest.mark.parametrize("ending", [Ending.ENGINE_LOST, Ending.DETACHED])
def test_a_worker_that_was_left_is_unknown_and_can_be_taken_up(ending: Ending) -> None:
    found = judged(ending, None)
    assert found.status is Status.UNKNOWN
    assert found.reason.endswith("the worker may go on: `bakeoff resume` takes it up")


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.EXITED])
def test_nothing_the_worker_said_changes_how_it_was_ended(ending: Ending) -> None:
    assert judged(ending, None, [GAVE_UP]) == judged(ending, None, STORY)


@pytest.mark.parametrize(
    "left", [Exit(137, oom_killed=True), Exit(137, killed_from_outside=True), Exit(-1, removed=True)]
)
def test_a_failed_event_cannot_override_what_the_engine_says(left: Exit) -> None:
    assert judged(left=left, events=[READY, GAVE_UP]) == judged(left=left, events=[READY])
