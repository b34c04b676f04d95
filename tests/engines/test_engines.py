"""One suite for every engine: what docker, process and scripted promise alike."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from orchestrator.engines.check import State
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.engine import Engine, EngineLostError, Launch, Leftovers, StartError, Worker
from orchestrator.engines.engine_checks import CheckTarget
from orchestrator.record.record import Status
from orchestrator.stream.lines import Lines
from shared.events import Event, Heartbeat, WorkerReady
from tests.support import engines
from tests.support.engines import QUICK, DockerRig, Rig

NAMES = [
    "scripted",
    "process",
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("podman", marks=[pytest.mark.docker, pytest.mark.slow]),
]


@pytest.fixture(params=NAMES)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Every test ends with the question what its run left in the world."""
    made = _made(request, tmp_path)
    yield made
    assert made.left_behind() == []


@pytest.fixture(params=NAMES[1:])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The engines that start something."""
    made = _made(request, tmp_path)
    yield made
    assert made.left_behind() == []


def _made(request: pytest.FixtureRequest, folder: Path) -> Rig:
    if request.param == "docker":
        return DockerRig(folder, request.getfixturevalue("docker_client"), request.getfixturevalue("data_volume"))
    if request.param == "podman":
        return DockerRig(folder, request.getfixturevalue("podman_client"), request.getfixturevalue("podman_volume"))
    return engines.process(folder) if request.param == "process" else engines.scripted(folder)


def is_podman(rig: Rig) -> bool:
    return rig.engine.notice.startswith("Podman")


def test_a_finished_trial_is_done_and_its_stream_complete(rig: Rig) -> None:
    record = rig.run("finish")
    assert (record.status, record.reason) == (Status.DONE, "")
    assert (record.events.received, record.events.lost, record.events.rejected) == (5, 0, 0)
    assert record.epochs[0].val_loss == 1.75
    assert record.test_accuracy == 1.0
    assert record.engine == rig.engine.name
    assert record.image == rig.prepared.image


def test_events_arrive_in_the_order_in_which_they_were_sent(rig: Rig) -> None:
    seen: list[Event] = []
    record = rig.run("many 3000", on_event=lambda _, event: seen.append(event))
    assert (record.events.received, record.events.lost) == (3005, 0)
    steps = [event.first_step for event in seen if hasattr(event, "first_step")][:3000]
    # Podman may end the feed before its last lines: the record has them from the worker's file.
    assert steps == list(range(1, 1 + (len(steps) if is_podman(rig) else 3000)))


def test_a_second_call_of_chunks_loses_nothing(rig: Rig) -> None:
    with rig.start("many 500") as worker:
        first = list(itertools.islice(worker.chunks(), 2))
        lines = b"".join([*first, b"\n", *worker.chunks()]).split(b"\n")
    assert {b'"seq":%d,' % seq for seq in range(505)} <= {_seq(line) for line in lines}


def test_a_new_call_of_chunks_ends_the_one_before(real: Rig) -> None:
    with real.start("beat 3600") as worker:
        abandoned = worker.chunks()
        next(abandoned)
        next(worker.chunks())
        with contextlib.suppress(EngineLostError):
            list(abandoned)
        assert worker.poll() is None


def _heard(worker: Worker, count: int) -> list[str]:
    """Read the worker's remarks until there are so many."""
    heard: list[str] = []
    lines = Lines()
    for chunk in worker.chunks():
        heard += [json.loads(line)["message"] for line in lines.feed(chunk) if b'"warning"' in line]
        if len(heard) >= count:
            break
    return heard


def test_what_a_worker_is_told_it_reads_line_by_line(rig: Rig) -> None:
    with rig.start("echo 2", listens=True) as worker:
        worker.tell(b"one\n")
        worker.tell(b"two\n")
        assert _heard(worker, 2) == ["heard one", "heard two"]


def test_a_worker_that_has_ended_hears_nothing(rig: Rig) -> None:
    with rig.start("finish", listens=True) as worker:
        assert list(worker.chunks())
        worker.tell(b"one\n")


def test_a_worker_that_does_not_listen_reads_an_empty_input(real: Rig) -> None:
    with real.start("echo 1") as worker:
        assert _heard(worker, 1) == ["heard "]


def test_standard_input_stays_open_when_a_host_leaves_and_a_later_one_writes_to_it(real: Rig) -> None:
    if is_podman(real):
        pytest.skip("Podman ends the input with the first client that leaves (docs/engines.md)")
    with real.start("echo 2", listens=True) as worker:
        worker.tell(b"one\n")
        assert _heard(worker, 1) == ["heard one"]
        worker.release()
    adopted = real.engine.adopt(real.launch("echo 2", listens=True))
    assert adopted is not None
    with adopted:
        assert adopted.poll() is None
        adopted.tell(b"two\n")
        assert _heard(adopted, 2) == ["heard one", "heard two"]


def test_the_cpu_time_that_a_worker_used_is_told_to_some_hundredths_of_a_second(real: Rig) -> None:
    if is_podman(real):
        pytest.skip("Podman tells a container's CPU time late, or not at all")
    with real.start("busy 0.5") as worker:
        _heard(worker, 1)
        first = worker.cpu_seconds()
        time.sleep(0.3)
        second = worker.cpu_seconds()
    assert first is not None
    assert second is not None
    assert 0.45 < first < 1.5
    assert second - first < 0.05


def test_poll_tells_running_from_ended(rig: Rig) -> None:
    with rig.start("hang") as worker:
        assert worker.poll() is None
        worker.stop()
        assert _ended(worker) != 0


def test_poll_tells_the_exit_code(rig: Rig) -> None:
    with rig.start("finish 7") as worker:
        list(worker.chunks())
        assert _ended(worker) == 7


def test_stop_is_gentle_first(rig: Rig) -> None:
    with rig.start("hang") as worker:
        next(worker.chunks())
        worker.stop()
        worker.stop()
        assert _ended(worker) == 128 + signal.SIGTERM


def test_a_worker_that_ignores_sigterm_is_killed_after_the_grace(real: Rig) -> None:
    with real.start("stubborn") as worker:
        assert any(b"SIGTERM is ignored" in chunk for chunk in worker.chunks())
        start = time.monotonic()
        worker.stop()
        assert _ended(worker) == 128 + signal.SIGKILL
        assert time.monotonic() - start < 5


def test_leftovers_are_the_files_and_the_words_on_standard_error(rig: Rig) -> None:
    with rig.start("noise") as worker:
        list(worker.chunks())
        _ended(worker)
        left = worker.leftovers(("predictions.npy", "absent.bin"))
    assert list(left.files) == ["predictions.npy"]
    assert left.files["predictions.npy"].startswith(b"\x93NUMPY")
    assert "a child prints" in left.stderr
    assert left.refused == ()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("link", "not a regular file"),
        ("pipe", "not a regular file"),
        ("folder", "not a regular file"),
        ("giant", "larger than 268435456 bytes"),
    ],
)
def test_what_is_no_file_of_a_sane_size_is_refused(real: Rig, kind: str, reason: str) -> None:
    record = real.run(f"leave {kind}")
    assert record.status is Status.FAILED
    assert record.reason == "no test logits to count accuracy from: predictions.npy is missing"
    # Podman follows a link without the volumes, finds nothing, and says as of a file that is not there: not found.
    unseen = kind == "link" and is_podman(real)
    assert record.warnings == (() if unseen else (f"predictions.npy: {reason}",))


def test_what_libraries_print_damages_no_event(rig: Rig) -> None:
    record = rig.run("noise")
    assert record.status is Status.DONE
    assert (record.events.received, record.events.rejected) == (5, 0)


def test_rubbish_on_the_feed_is_refused_line_by_line(rig: Rig) -> None:
    record = rig.run("rubbish")
    assert record.status is Status.DONE
    assert (record.events.received, record.events.lost) == (5, 0)
    assert record.events.rejected == 5


def test_a_crash_is_told_in_the_words_of_the_worker(rig: Rig) -> None:
    record = rig.run("crash out of luck")
    assert (record.status, record.reason) == (Status.FAILED, "ValueError: out of luck")
    assert "Traceback" in record.stderr_tail[0]


def test_a_crash_in_native_code_is_told_by_its_signal(rig: Rig) -> None:
    record = rig.run("die 11")
    assert record.status is Status.FAILED
    assert record.reason.startswith("segmentation fault (SIGSEGV)")
    assert record.reason.endswith("its last words: the toy is about to die")


def test_exit_code_zero_without_a_last_word_is_a_failure(rig: Rig) -> None:
    record = rig.run("wordless")
    assert record.status is Status.FAILED
    assert record.reason.startswith("incomplete")


def test_a_last_word_and_then_a_bad_exit_code_is_a_failure(rig: Rig) -> None:
    record = rig.run("finish 3")
    assert record.status is Status.FAILED
    assert record.reason.startswith("the worker exited with code 3")
    assert record.epochs[0].train_loss == 2.0


def test_a_worker_that_falls_silent_is_stopped(rig: Rig) -> None:
    record = rig.run("hang", replace(QUICK, silence_seconds=2.0))
    assert record.status is Status.TIMED_OUT
    assert record.reason == "no event for 2 s, not even a heartbeat: the worker hangs"


def test_a_deadline_ends_a_worker_that_ignores_sigterm(rig: Rig) -> None:
    record = rig.run("stubborn", replace(QUICK, trial_seconds=2.0))
    assert (record.status, record.cause) == (Status.TIMED_OUT, "timed-out")
    ignored = "; it ignored SIGTERM and was killed after the grace"
    assert record.reason == "not finished after 2 s" + ("" if rig.engine.name == "scripted" else ignored)


def test_a_heartbeat_keeps_a_silent_worker_alive(rig: Rig) -> None:
    seen: list[Event] = []
    record = rig.run("beat 1.5", replace(QUICK, silence_seconds=1.2), lambda _, event: seen.append(event))
    assert record.status is Status.DONE
    assert sum(isinstance(event, Heartbeat) for event in seen) >= 5


def test_a_dark_connection_is_opened_again_without_loss(rig: Rig) -> None:
    record = rig.run("beat 1.5", replace(QUICK, reconnect_seconds=0.05))
    assert record.status is Status.DONE
    assert record.events.lost == 0
    assert record.events.rejected == 0


def test_ctrl_c_stops_the_worker_and_leaves_a_record(rig: Rig) -> None:
    def press(_: str, event: Event) -> None:
        if isinstance(event, WorkerReady):
            signal.raise_signal(signal.SIGINT)

    record = rig.run("hang", on_event=press)
    assert record.status is Status.INTERRUPTED
    assert (rig.folder / "trial" / "record.json").is_file()


def test_a_second_ctrl_c_leaves_at_once_and_the_worker_to_the_next_host(real: Rig) -> None:
    def press(_: str, event: Event) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            real.run("stubborn", on_event=press)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not (real.folder / "trial" / "record.json").exists()
    with _adopted(real, "stubborn"):
        pass


def test_what_a_reader_skips_is_filled_from_the_file(real: Rig) -> None:
    real.engine = Skipping(real.engine)
    record = real.run("many 500")
    assert record.status is Status.DONE
    assert (record.events.received, record.events.lost) == (505, 0)


def test_without_the_file_the_skipped_is_counted_as_lost(real: Rig) -> None:
    real.engine = Skipping(real.engine, keeps_file=False)
    assert real.run("many 500").events.lost > 100


@pytest.mark.parametrize("rig", ["scripted", "process"], indirect=True)
def test_a_flood_is_stopped(rig: Rig) -> None:
    """Not in docker: its log takes half a minute for what a flood is."""
    record = rig.run("flood")
    assert record.status is Status.FAILED
    assert record.reason.startswith("flooded")


def test_an_error_of_ours_in_the_middle_leaves_the_worker_to_the_next_host(rig: Rig) -> None:
    with contextlib.suppress(ZeroDivisionError), rig.start("hang") as worker:
        next(worker.chunks())
        raise ZeroDivisionError
    assert worker.poll() is None
    with _adopted(rig, "hang") as adopted:
        assert b"worker_ready" in next(adopted.chunks())
        adopted.stop()
        assert _ended(adopted) == 128 + signal.SIGTERM


def test_a_released_worker_goes_on_and_is_adopted(rig: Rig) -> None:
    with rig.start("hang") as worker:
        next(worker.chunks())
        worker.release()
    with _adopted(rig, "hang") as adopted:
        assert adopted.poll() is None


def test_an_adopted_worker_is_read_from_its_first_event_and_tells_how_it_ended(rig: Rig) -> None:
    with rig.start("many 300") as worker:
        list(worker.chunks())
        worker.release()
    with _adopted(rig, "many 300") as adopted:
        text = b"".join(adopted.chunks())
        assert _ended(adopted) == 0
        assert list(adopted.leftovers(("predictions.npy",)).files) == ["predictions.npy"]
    assert text.count(b"\n") == 305


def test_what_was_removed_cannot_be_adopted(rig: Rig) -> None:
    with rig.start("finish"):
        pass
    assert rig.engine.adopt(rig.launch("finish")) is None


def test_a_worker_that_was_started_for_something_else_is_not_adopted(real: Rig) -> None:
    with real.start("hang") as worker:
        with pytest.raises(StartError):
            real.engine.adopt(real.launch("finish"))
        assert worker.poll() is None


def test_a_sweep_removes_what_a_killed_host_left_of_this_run_alone(real: Rig) -> None:
    with contextlib.suppress(ZeroDivisionError), real.start("hang"):
        raise ZeroDivisionError
    real.engine.sweep(real.run_id, "another lease")
    real.engine.sweep("another run", real.launch("hang").lease)
    with _adopted(real, "hang") as worker:
        worker.release()
    real.engine.sweep(real.run_id, real.launch("hang").lease)
    assert real.engine.adopt(real.launch("hang")) is None


def test_what_a_released_worker_left_is_listed_and_removed_one_by_one(rig: Rig) -> None:
    with rig.start("hang") as worker:
        next(worker.chunks())
        worker.release()
    owned = [each for each in rig.engine.owned() if rig.run_id in each.name]
    assert owned
    assert all(each.kind in ("container", "volume", "process", "script") for each in owned)
    for each in owned:
        each.remove()
        each.remove()
    assert [each for each in rig.engine.owned() if rig.run_id in each.name] == []
    assert rig.engine.adopt(rig.launch("hang")) is None


def test_an_engine_is_chosen_and_asked_without_knowing_which_it_is(rig: Rig) -> None:
    assert isinstance(rig.engine.gives_gpus(), bool)
    assert rig.engine.restricts is (rig.engine.name == "docker")


def test_checks_are_told_apart_by_their_ids_and_pass_where_a_trial_runs(rig: Rig, tmp_path: Path) -> None:
    target = CheckTarget(
        contenders=(rig.contender,), variant="cpu", cache=CheckCache(tmp_path / "doctor"), say=engines.quiet
    )
    checks = rig.engine.checks(target)
    groups = [checks.before_start(), checks.room(), checks.engine(), checks.data()]
    for group in map(list, groups):
        assert len({check.id for check in group}) == len(group)
        assert [check.found for check in group if check.state is State.FAILED] == []


def test_an_engine_that_stops_answering_in_the_middle_of_its_checks_is_a_failed_check(rig: Rig, tmp_path: Path) -> None:
    target = CheckTarget(contenders=(), variant="cpu", cache=CheckCache(tmp_path), say=engines.quiet)
    check = rig.engine.checks(target).lost(EngineLostError("connection reset"))
    assert (check.id, check.state, check.found) == (
        "engine.lost",
        State.FAILED,
        "the engine stopped answering: connection reset",
    )
    assert check.fix


def test_facts_name_the_engine(rig: Rig) -> None:
    named = "podman" if is_podman(rig) else rig.engine.name
    assert named in rig.engine.facts()["engine"].lower()


class Skipping:
    """An engine whose live feed loses every third line, as a log that is rotated too fast."""

    def __init__(self, engine: Engine, *, keeps_file: bool = True) -> None:
        self._engine = engine
        self._keeps_file = keeps_file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def start(self, launch: Launch) -> Worker:
        return cast("Worker", SkippingWorker(self._engine.start(launch), keeps_file=self._keeps_file))


class SkippingWorker(contextlib.ExitStack):
    def __init__(self, worker: Worker, *, keeps_file: bool) -> None:
        super().__init__()
        self._worker = self.enter_context(worker)
        self._keeps_file = keeps_file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)

    def chunks(self) -> Iterator[bytes]:
        lines = Lines()
        whole = (line for chunk in self._worker.chunks() for line in lines.feed(chunk))
        yield from (line + b"\n" for number, line in enumerate(whole) if number % 3)

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        return self._worker.leftovers(names if self._keeps_file else ("predictions.npy",))


def _adopted(rig: Rig, script: str) -> Worker:
    worker = rig.engine.adopt(rig.launch(script))
    assert worker is not None
    return worker


def _ended(worker: Worker) -> int:
    """Wait for the end and return the exit code."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if (left := worker.poll()) is not None:
            return left.code
        time.sleep(0.02)
    raise AssertionError("the worker did not end within 20 s")


def _seq(line: bytes) -> bytes:
    return line[line.find(b'"seq":') : line.find(b'"t":')]
