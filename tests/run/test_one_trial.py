"""A trial always leaves a record, whatever becomes of its worker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from orchestrator.engines.engine import Launch, StartError, WorkerExit
from orchestrator.engines.scripted import Script, ScriptedEngine, ScriptedWorker
from orchestrator.errors import PreflightError
from orchestrator.record.record import Record, Status
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.run.watchdog import Limits
from orchestrator.spec.contenders import Contender
from orchestrator.stream.intake import EventCounts
from shared import trial as trials
from shared.events import Event, Failed
from tests.support.streams import LABELS, PLANNED, PREPARED, READY, STORY, TRIAL, done, epoch, lines, logits

QUICK = Limits(silence_seconds=0.3, tick_seconds=0.01, poll_seconds=0.02, drain_seconds=1.0)


class Ran:
    """A trial that ran: its record, its folder, and what was shown of it."""

    def __init__(self, tmp_path: Path, script: Script, limits: Limits = QUICK) -> None:
        self.shown: list[Event] = []
        self.launches: list[Launch] = []
        self.folder = TrialFolder(tmp_path / "trial")
        bench = TrialSetup(ScriptedEngine(self._noted(script)), "20261122-120000-torch", LABELS, "GPU-4f1a", limits)
        self.record = run_trial(bench, PLANNED, PREPARED, self.folder, self._show)

    def _noted(self, script: Script) -> Callable[[Launch], Script]:
        return lambda launch: self.launches.append(launch) or script  # type: ignore[func-returns-value]

    def _show(self, trial_id: str, event: Event) -> None:
        assert trial_id == TRIAL
        self.shown.append(event)

    def kept(self, name: str) -> bytes:
        return (self.folder.path / name).read_bytes()


def test_a_trial_that_ends_well_leaves_everything(tmp_path: Path) -> None:
    ran = Ran(tmp_path, done(stderr="a library's chatter\n"))
    assert (ran.record.status, ran.record.reason, ran.record.test_accuracy) == (Status.DONE, "", 1.0)
    assert ran.shown == list(STORY)
    assert ran.kept("events.jsonl") == b"".join(lines(*STORY))
    assert ran.kept("predictions.npy") == logits(LABELS)
    assert ran.kept("stderr.log") == b"a library's chatter\n"
    assert ran.kept("rejected.jsonl") == b""
    assert Record.model_validate_json(ran.kept("record.json")) == ran.record
    assert trials.from_json(ran.kept("trial.json").decode()) == PLANNED.trial


def test_the_worker_is_given_its_trial_and_its_gpu(tmp_path: Path) -> None:
    (launch,) = Ran(tmp_path, done()).launches
    assert (launch.trial_id, launch.run_id, launch.gpu) == (TRIAL, "20261122-120000-torch", "GPU-4f1a")
    assert trials.from_environment(launch.environment) == PLANNED.trial


def test_a_crash_in_epoch_two_keeps_the_curve_so_far(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script(lines(*STORY[:5]), WorkerExit(139), stderr="Segmentation fault\n"))
    assert ran.record.status is Status.FAILED
    assert ran.record.reason.endswith("its last words: Segmentation fault")
    assert [each.epoch for each in ran.record.epochs] == [1]
    assert ran.kept("events.jsonl") == b"".join(lines(*STORY[:5]))


def test_a_worker_that_gives_up_says_why(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script(lines(READY, Failed("ValueError", "no such layer")), WorkerExit(1)))
    assert ran.record.reason == "ValueError: no such layer"


def test_garbage_among_the_events_is_counted_and_kept_aside(tmp_path: Path) -> None:
    first, *rest = lines(*STORY)
    ran = Ran(tmp_path, done(chunks=[first, b"\x1b[2K 50%\n", b"\xff\xfe\n", *rest]))
    assert ran.record.status is Status.DONE
    assert ran.record.events == EventCounts(received=7, rejected=2)
    reasons = [json.loads(row)["reason"] for row in ran.kept("rejected.jsonl").splitlines()]
    assert reasons == ["not JSON", "not UTF-8"]


def test_a_worker_that_prints_only_garbage_has_failed(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script([b"Epoch 1/5\n" * 10]))
    assert ran.record.status is Status.FAILED
    assert ran.record.reason.startswith("incomplete")


def test_a_worker_that_cannot_start_leaves_a_record(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script(cannot_start="no such image"))
    assert (ran.record.status, ran.record.reason) == (Status.FAILED, "could not start: no such image")
    assert Record.model_validate_json(ran.kept("record.json")) == ran.record


def test_a_worker_that_hangs_is_timed_out(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script(lines(*STORY[:4]), exit=None))
    assert ran.record.status is Status.TIMED_OUT
    assert "no event for 0.3 s" in ran.record.reason
    assert [each.epoch for each in ran.record.epochs] == [1]


def test_a_worker_that_takes_too_long_is_timed_out(tmp_path: Path) -> None:
    ran = Ran(tmp_path, Script(lines(*STORY[:4]), exit=None), replace(QUICK, trial_seconds=0.1))
    assert ran.record.reason == "not finished after 0.1 s"


def test_events_that_the_live_feed_lost_come_from_the_workers_file(tmp_path: Path) -> None:
    whole = lines(*STORY)
    files = {"predictions.npy": logits(LABELS), "events.jsonl": b"".join(whole) + b'{"v":1,"tri'}
    ran = Ran(tmp_path, done(chunks=whole[:2], files=files))
    assert ran.record.status is Status.DONE
    assert ran.record.events == EventCounts(received=7)
    assert len(ran.record.epochs) == 2
    assert sorted(ran.kept("events.jsonl").splitlines()) == sorted(line.strip() for line in whole)


def test_a_broken_connection_costs_no_event(tmp_path: Path) -> None:
    whole = lines(*STORY)
    chunks = [*whole[:3], ConnectionResetError(104, "reset"), *whole[2:]]
    ran = Ran(tmp_path, done(chunks=chunks), replace(QUICK, silence_seconds=5.0))
    assert ran.record.status is Status.DONE
    assert ran.record.events == EventCounts(received=7, duplicated=1)
    assert ran.record.reconnects == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "predictions.npy is missing"),
        ({"predictions.npy": b""}, "predictions.npy cannot be read"),
        (
            {"predictions.npy": logits(LABELS[:3])},
            "predictions.npy holds float32[3, 10]; expected float32 or float64[4, 10]",
        ),
        ({"predictions.npy": b"\x80\x04\x95."}, "predictions.npy cannot be read"),
    ],
)
def test_done_without_readable_logits_is_failed(tmp_path: Path, files: dict[str, bytes], told: str) -> None:
    ran = Ran(tmp_path, done(files=files))
    assert ran.record.status is Status.FAILED
    assert told in ran.record.reason
    assert len(ran.record.epochs) == 2


def pressed(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def test_ctrl_c_during_training_stops_the_worker_and_keeps_the_curve(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    bench = TrialSetup(ScriptedEngine(lambda _: Script(lines(*STORY), exit=None)), "run", LABELS, limits=QUICK)
    shown: list[Event] = []

    def until_the_second_epoch(_: str, event: Event) -> None:
        shown.append(event)
        if event == epoch(2):
            pressed()

    record = run_trial(bench, PLANNED, PREPARED, folder, until_the_second_epoch)
    assert (record.status, record.reason) == (Status.INTERRUPTED, "stopped by the user")
    assert [each.epoch for each in record.epochs] == [1, 2]
    assert Record.model_validate_json((folder.path / "record.json").read_bytes()) == record


def test_ctrl_c_while_the_worker_starts_leaves_a_record(tmp_path: Path) -> None:
    bench = TrialSetup(ScriptedEngine(pressed), "run", LABELS, limits=QUICK)
    record = run_trial(bench, PLANNED, PREPARED, TrialFolder(tmp_path / "trial"), pressed)
    assert record.status is Status.INTERRUPTED
    assert (tmp_path / "trial" / "record.json").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_ends_the_reading_and_is_named(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    (folder.path / "events.jsonl").symlink_to("/dev/full")
    bench = TrialSetup(ScriptedEngine(lambda _: done()), "run", LABELS, limits=QUICK)
    with pytest.raises(PreflightError, match="No space left on device"):
        run_trial(bench, PLANNED, PREPARED, folder, lambda *_: None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_trial_that_met_a_full_disk_goes_on_where_there_is_room(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    (folder.path / "events.jsonl").symlink_to("/dev/full")
    bench = TrialSetup(ScriptedEngine(lambda _: done()), "run", LABELS, limits=QUICK)
    with pytest.raises(PreflightError):
        run_trial(bench, PLANNED, PREPARED, folder, lambda *_: None)
    (folder.path / "events.jsonl").unlink()
    record = run_trial(bench, PLANNED, PREPARED, folder, lambda *_: None)
    assert record.status is Status.DONE
    assert record.events == EventCounts(received=len(STORY))
    assert (folder.path / "events.jsonl").read_bytes() == b"".join(lines(*STORY))


@pytest.mark.parametrize("cut", [0, 1, 200, 1000, -1])
def test_a_trial_whose_host_was_killed_at_any_byte_is_read_to_its_end_once(tmp_path: Path, cut: int) -> None:
    whole = b"".join(lines(*STORY))
    folder = TrialFolder(tmp_path / "trial")
    bench = TrialSetup(ScriptedEngine(lambda _: done()), "run", LABELS, limits=QUICK)
    shown: list[Event] = []

    def die(*_: object) -> NoReturn:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_trial(bench, PLANNED, PREPARED, folder, die)
    (folder.path / "events.jsonl").write_bytes(whole[:cut])
    record = run_trial(bench, PLANNED, PREPARED, folder, lambda _, event: shown.append(event))
    assert (record.status, record.events) == (Status.DONE, EventCounts(received=len(STORY)))
    assert (folder.path / "events.jsonl").read_bytes() == whole
    assert shown == list(STORY)


def test_a_worker_that_was_killed_while_no_host_watched_is_put_down_to_a_restart(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    bench = TrialSetup(ScriptedEngine(lambda _: Script((), WorkerExit(137))), "run", LABELS, limits=QUICK)
    engine = bench.engine
    folder.begin(PLANNED.trial, datetime.now(UTC))
    launch = Launch(trial_id=TRIAL, run_id="run", prepared=PREPARED, environment={}, data=Path())
    with engine.start(launch) as worker:
        worker.release()
    record = run_trial(bench, PLANNED, PREPARED, folder, lambda *_: None)
    assert (record.status, record.cause) == (Status.FAILED, "engine-restart")


class Slow(ScriptedWorker):
    """Ended, with a log that takes a while to come."""

    def chunks(self) -> Iterator[bytes]:
        time.sleep(0.5)
        yield from super().chunks()

    def poll(self) -> WorkerExit:
        return WorkerExit(0)


def test_a_worker_that_ended_in_time_is_not_late_because_its_host_slept(tmp_path: Path) -> None:
    engine = ScriptedEngine(lambda _: done())
    engine.adopt = lambda _: Slow(done())  # type: ignore[assignment, method-assign]
    folder = TrialFolder(tmp_path / "trial")
    folder.begin(PLANNED.trial, datetime.now(UTC) - timedelta(hours=10))
    bench = TrialSetup(engine, "run", LABELS, limits=Limits(tick_seconds=0.05))
    record = run_trial(bench, PLANNED, PREPARED, folder, lambda *_: None)
    assert (record.status, record.events.received) == (Status.DONE, len(STORY))


def test_an_attempt_that_nobody_can_go_on_with_is_kept_aside(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "trial")
    engine = ScriptedEngine(lambda _: done())

    def die(*_: object) -> NoReturn:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_trial(TrialSetup(engine, "run", LABELS, limits=QUICK), PLANNED, PREPARED, folder, die)
    engine.sweep("run", "")
    record = run_trial(TrialSetup(engine, "run", LABELS, limits=QUICK), PLANNED, PREPARED, folder, lambda *_: None)
    assert record.status is Status.DONE
    assert (folder.path / "attempts" / "attempt" / "events.jsonl").read_bytes() == lines(READY)[0]


def test_the_scripted_engine_raises_what_the_seam_promises() -> None:
    engine = ScriptedEngine(lambda _: Script(cannot_start="no such image"))
    prepared = engine.prepare(Contender("torch", "2.13.0"), "cpu", lambda _: None)
    with pytest.raises(StartError, match="no such image"):
        engine.start(Launch(trial_id=TRIAL, run_id="run", prepared=prepared, environment={}, data=Path()))
