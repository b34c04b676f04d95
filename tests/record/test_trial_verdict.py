"""What became of a worker, fact by fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.engines.engine import WorkerExit
from orchestrator.record.cause_table import CAUSES, next_step
from orchestrator.record.record import Status
from orchestrator.record.trial_verdict import DONE, Observed, StopReason, Verdict, verdict
from shared.events import Event, Failed
from tests.support.paths import ROOT
from tests.support.streams import BEAT, READY, STORY

GAVE_UP = Failed("ValueError", "no such layer")


def judged(
    stop_reason: StopReason = StopReason.EXITED,
    worker_exit: WorkerExit | None = WorkerExit(0),  # noqa: B008 - a frozen value
    events: Sequence[Event] = STORY,
    stderr: Sequence[str] = (),
    device: str = "cpu",
    data_sha256: str = "",
    **observed: Any,
) -> Verdict:
    seen = Observed(stop_reason=stop_reason, exit=worker_exit, **observed)
    return verdict(seen, events, stderr_tail=stderr, device=device, data_sha256=data_sha256)


def failed(reason: str, cause: str) -> Verdict:
    return Verdict(Status.FAILED, reason, cause)


def test_exit_code_zero_with_the_last_word_is_done() -> None:
    assert judged() == DONE


def test_a_stream_cut_short_is_a_failure_whatever_the_exit_code() -> None:
    incomplete = failed("incomplete: the worker exited with code 0 but without its last word (run_ended)", "incomplete")
    assert judged(events=STORY[:-1]) == incomplete
    assert judged(events=()) == incomplete


def test_a_last_word_that_is_not_last_is_a_failure() -> None:
    assert judged(events=[*STORY, BEAT]).status is Status.FAILED


def test_the_last_word_does_not_excuse_an_exit_code() -> None:
    assert judged(worker_exit=WorkerExit(1)) == failed(
        "the worker exited with code 1; it wrote nothing to standard error", "crashed"
    )


def test_a_crash_is_told_in_its_last_words() -> None:
    crash = judged(worker_exit=WorkerExit(1), events=[READY], stderr=["Traceback", "MemoryError"])
    assert crash == failed("the worker exited with code 1; its last words: MemoryError", "crashed")


def test_what_the_worker_says_itself_comes_before_its_exit_code() -> None:
    assert judged(worker_exit=WorkerExit(1), events=[READY, GAVE_UP]) == failed("ValueError: no such layer", "failed")


def test_a_worker_that_gave_up_has_failed_even_with_exit_code_zero() -> None:
    assert judged(events=[READY, GAVE_UP]) == failed("ValueError: no such layer", "failed")


@pytest.mark.parametrize(
    ("code", "word", "cause"),
    [
        (132, "SIGILL", "illegal-instruction"),
        (134, "SIGABRT", "abort"),
        (135, "shared memory", "bus-error"),
        (136, "SIGFPE", "arithmetic"),
        (137, "SIGKILL", "killed-unknown"),
        (139, "segmentation fault", "segfault"),
        (143, "SIGTERM", "terminated"),
    ],
)
def test_a_signal_is_named(code: int, word: str, cause: str) -> None:
    crash = judged(worker_exit=WorkerExit(code), events=[READY])
    assert (crash.status, crash.cause) == (Status.FAILED, cause)
    assert word in crash.reason


def test_out_of_memory_names_the_limit() -> None:
    assert judged(
        worker_exit=WorkerExit(137, oom_killed=True, memory_limit_bytes=64_000_000), events=[READY]
    ) == failed("out of memory: the kernel killed the worker at its limit of 64 MB", "oom")


def test_a_child_out_of_memory_does_not_fail_a_worker_that_finished() -> None:
    assert judged(worker_exit=WorkerExit(0, oom_killed=True)) == DONE


def test_a_worker_that_gives_up_because_its_child_ran_out_of_memory_is_told() -> None:
    gave_up = judged(worker_exit=WorkerExit(3, oom_killed=True), events=[READY, GAVE_UP])
    assert gave_up.cause == "oom-child"
    assert gave_up.reason.endswith("and it exited with code 3")


def test_a_kill_from_outside_is_not_taken_for_the_workers_fault() -> None:
    worker_exit = WorkerExit(137, killed_from_outside=True)
    assert judged(worker_exit=worker_exit, events=[READY]) == failed(
        "killed from outside (exit code 137): somebody stopped the container", "killed"
    )


@pytest.mark.parametrize("worker_exit", [None, WorkerExit(-1, removed=True)])
def test_a_worker_that_was_removed_has_failed(worker_exit: WorkerExit | None) -> None:
    assert judged(worker_exit=worker_exit) == failed("the worker was removed from outside before it ended", "removed")


@pytest.mark.parametrize("code", [137, 143])
def test_a_kill_that_nobody_sent_while_the_engine_was_away_is_its_restart(code: int) -> None:
    assert judged(worker_exit=WorkerExit(code), events=[READY], engine_was_away=True).cause == "engine-restart"


@pytest.mark.parametrize("worker_exit", [WorkerExit(139), WorkerExit(1)])
def test_an_engine_that_was_away_does_not_excuse_a_crash(worker_exit: WorkerExit) -> None:
    assert judged(worker_exit=worker_exit, engine_was_away=True) == judged(worker_exit=worker_exit)


def test_a_kill_by_an_engine_that_comes_back_is_its_restart() -> None:
    assert judged(worker_exit=WorkerExit(137, killed_from_outside=True), engine_was_away=True).cause == "engine-restart"


def test_a_kill_that_no_host_saw_is_a_restart_unless_somebody_sent_it() -> None:
    assert judged(worker_exit=WorkerExit(137), unseen=True).cause == "engine-restart"
    assert judged(worker_exit=WorkerExit(137, killed_from_outside=True), unseen=True).cause == "killed"


def test_ctrl_c_is_interrupted() -> None:
    assert judged(StopReason.INTERRUPTED, None) == Verdict(Status.INTERRUPTED, "stopped by the user", "interrupted")


def test_the_deadline_is_timed_out_and_its_next_step_allows_more() -> None:
    late = judged(StopReason.DEADLINE, None, limit="60 s")
    assert late == Verdict(Status.TIMED_OUT, "not finished after 60 s", "timed-out")
    assert next_step("timed-out") == "allow more with --timeout"


def test_silence_is_timed_out() -> None:
    silent = judged(StopReason.SILENCE, WorkerExit(143), limit="180 s")
    reason = "no event for 180 s, not even a heartbeat: the worker hangs"
    assert silent == Verdict(Status.TIMED_OUT, reason, "stalled")


def test_a_pause_without_end_is_timed_out() -> None:
    assert judged(StopReason.PAUSED, WorkerExit(137), limit="3600 s").cause == "paused"


@pytest.mark.parametrize("stop_reason", [StopReason.DEADLINE, StopReason.SILENCE, StopReason.INTERRUPTED])
def test_a_worker_that_we_had_to_kill_is_told(stop_reason: StopReason) -> None:
    gentle, hard = judged(stop_reason, WorkerExit(143)), judged(stop_reason, WorkerExit(137))
    assert hard.reason == f"{gentle.reason}; it ignored SIGTERM and was killed after the grace"
    assert hard.cause == gentle.cause


def test_a_flood_is_a_failure() -> None:
    assert judged(StopReason.FLOODED, None).cause == "flooded"


@pytest.mark.parametrize(
    ("stop_reason", "cause"), [(StopReason.ENGINE_LOST, "engine-lost"), (StopReason.DETACHED, "detached")]
)
def test_a_worker_that_was_left_is_unknown_and_can_be_taken_up(stop_reason: StopReason, cause: str) -> None:
    found = judged(stop_reason, None)
    assert (found.status, found.cause) == (Status.UNKNOWN, cause)
    assert found.reason.endswith("the worker may go on: `bakeoff resume` takes it up")


@pytest.mark.parametrize(
    "words",
    [
        "Failed to initialize NVML: Unknown Error",
        "CUDA error: unspecified launch failure",
        "CUDA error: unknown error",
        "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
    ],
)
def test_a_lost_gpu_is_told_in_the_workers_words(words: str) -> None:
    said = judged(worker_exit=WorkerExit(1), events=[READY, Failed("RuntimeError", words)], device="cuda")
    assert said == failed(f"the GPU was lost while it ran: {words}", "gpu-lost")
    assert judged(worker_exit=WorkerExit(1), events=[READY], stderr=[words], device="cuda") == said


def test_only_a_worker_that_failed_on_a_gpu_can_have_lost_it() -> None:
    words = ["Failed to initialize NVML: Unknown Error"]
    assert judged(worker_exit=WorkerExit(1), events=[READY], stderr=words, device="cpu").cause == "crashed"
    assert judged(stderr=words, device="cuda") == DONE


@pytest.mark.parametrize(
    "words", ["CUDA error: out of memory", "CUDA error: no kernel image is available", "Xidation is no word"]
)
def test_other_faults_of_a_gpu_are_the_workers_own(words: str) -> None:
    assert (
        judged(worker_exit=WorkerExit(1), events=[READY, Failed("RuntimeError", words)], device="cuda").cause
        == "failed"
    )


def test_other_images_than_those_supplied_are_a_failure_even_of_a_worker_that_finished() -> None:
    assert judged(data_sha256=READY.data_sha256) == DONE
    other = judged(data_sha256="ff" * 32)
    assert (other.status, other.cause) == (Status.FAILED, "data-wrong")
    assert READY.data_sha256 in other.reason


def test_a_worker_that_found_its_data_wrong_says_so() -> None:
    said = judged(worker_exit=WorkerExit(1), events=[Failed("DataError", "train.parquet holds other pixels")])
    assert said.cause == "data-wrong"
    assert said.reason.endswith("train.parquet holds other pixels")


def test_every_verdict_has_a_cause_of_the_table_with_a_next_step() -> None:
    exits = [
        WorkerExit(code, oom_killed=oom, killed_from_outside=killed)
        for code in (0, 1, 137, 139, 143)
        for oom in (False, True)
        for killed in (False, True)
    ]
    stories: list[Sequence[Event]] = [STORY, [READY], [READY, GAVE_UP]]
    found = [
        judged(stop_reason, worker_exit, story)
        for stop_reason in StopReason
        for worker_exit in (None, *exits)
        for story in stories
    ]
    assert {each.cause for each in found} - set(CAUSES) == {""}
    assert all((each.cause == "") == (each.status is Status.DONE) for each in found)
    assert all(cause.next_step for cause in CAUSES.values())
    assert next_step("") == next_step("of another version") == ""


@pytest.mark.parametrize(
    "stop_reason", [stop_reason for stop_reason in StopReason if stop_reason is not StopReason.EXITED]
)
def test_nothing_the_worker_said_changes_how_it_was_ended(stop_reason: StopReason) -> None:
    assert judged(stop_reason, None, [GAVE_UP]) == judged(stop_reason, None, STORY)


@pytest.mark.parametrize(
    "worker_exit",
    [WorkerExit(137, oom_killed=True), WorkerExit(137, killed_from_outside=True), WorkerExit(-1, removed=True)],
)
def test_a_failed_event_cannot_override_what_the_engine_says(worker_exit: WorkerExit) -> None:
    assert judged(worker_exit=worker_exit, events=[READY, GAVE_UP]) == judged(worker_exit=worker_exit, events=[READY])


def test_the_table_of_causes_is_the_one_in_the_docs() -> None:
    page = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{name}` | {cause.happened} | {cause.next_step} |" for name, cause in CAUSES.items()]
