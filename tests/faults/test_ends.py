"""Rows 11 to 19, 28 and 42: how a worker may end, and what of it is kept."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from docker import DockerClient

from orchestrator.engines.docker.files import read_member
from shared.events import Event, WorkerReady
from tests.faults.evidence import Evidence, Outcome, Witness, accounted
from tests.support.contenders.toy import faulty
from tests.support.engines import QUICK, STOP_SECONDS, DockerRig, Rig

ENGINES = [pytest.param("docker", marks=pytest.mark.docker), "process"]
both = pytest.mark.parametrize("rig", ENGINES, indirect=True)
on_docker = pytest.mark.docker

Tally = Callable[[Outcome], None]


@dataclass
class Hand:
    """Does something to a running worker at a random moment after its first event."""

    chance: random.Random
    act: Callable[[], Any]
    thread: threading.Thread | None = None
    events: list[Event] = field(default_factory=list)

    def hear(self, trial: str, event: Event) -> None:
        self.events.append(event)
        if self.thread is None:
            self.thread = threading.Thread(target=self._act, daemon=True)
            self.thread.start()

    def _act(self) -> None:
        time.sleep(self.chance.uniform(0.1, 1.2))
        self.act()

    def pid(self) -> int:
        """Return the process id that the worker told: this machine's, where no container is between."""
        return next(int(event.versions["pid"]) for event in self.events if isinstance(event, WorkerReady))


def container(client: DockerClient, rig: Rig) -> Any:
    label: Any = {"label": f"bakeoff.run={rig.run_id}"}
    return client.containers.list(filters=label)[0]


@pytest.mark.row(11)
@pytest.mark.docker
@pytest.mark.short
def test_a_killed_container_keeps_its_events(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make()
    witness = Witness(rig.engine)
    hand = Hand(chance, lambda: container(rig.client, rig).kill())
    rig.run("paced 400 4", on_event=hand.hear)
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", "killed")
    assert witness.written() <= set(evidence.numbers)
    tally(accounted(evidence, witness.emitted, killed=True))


@pytest.mark.row(11)
@pytest.mark.parametrize("rig", ["process"], indirect=True)
def test_a_killed_process_keeps_its_events(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    hand = Hand(chance, lambda: os.kill(hand.pid(), signal.SIGKILL))
    rig.run("paced 400 4", on_event=hand.hear)
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", "killed-unknown")
    assert witness.written() <= set(evidence.numbers)
    tally(accounted(evidence, witness.emitted, killed=True))


@pytest.mark.row(12)
@pytest.mark.docker
def test_a_worker_at_its_memory_limit_is_out_of_memory(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make(memory_bytes=64 * 2**20)
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(10, 200)} 0.5 then hungry")
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", "oom")
    assert "64 MB" in evidence.reason or "67 MB" in evidence.reason
    assert witness.written() <= set(evidence.numbers)
    tally(accounted(evidence, witness.emitted, killed=True))


@pytest.mark.row(13)
@pytest.mark.docker
def test_a_child_at_the_memory_limit_is_told(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make(memory_bytes=64 * 2**20)
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(10, 100)} 0.3 then child")
    evidence = Evidence(rig.folder / "trial")
    assert evidence.status == "done"
    assert any("memory" in warning for warning in evidence.record["warnings"])
    tally(accounted(evidence, witness.emitted))


@pytest.mark.row(14)
@pytest.mark.docker
def test_a_paused_container_goes_on_where_it_stood(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make()
    witness = Witness(rig.engine)

    def pause() -> None:
        worker = container(rig.client, rig)
        worker.pause()
        time.sleep(chance.uniform(0.5, 2.0))
        worker.unpause()

    hand = Hand(chance, pause)
    rig.run("paced 300 3", replace(QUICK, reconnect_seconds=0.5, silence_seconds=5.0), on_event=hand.hear)
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.reason) == ("done", "")
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    tally(outcome)


@pytest.mark.row(14)
@pytest.mark.docker
def test_a_container_that_stays_paused_is_stopped(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    rig = make()
    witness = Witness(rig.engine)
    hand = Hand(chance, lambda: container(rig.client, rig).pause())
    rig.run("paced 500 5", replace(QUICK, paused_seconds=1.0, silence_seconds=30.0), on_event=hand.hear)
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("timed_out", "paused")
    assert witness.written() <= set(evidence.numbers)
    tally(accounted(evidence, witness.emitted, killed=True))


@pytest.mark.row(15)
@both
def test_a_worker_that_hangs_is_stopped(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(10, 100)} 0.3 then hang", replace(QUICK, silence_seconds=1.5))
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("timed_out", "stalled")
    tally(accounted(evidence, witness.emitted))


@pytest.mark.row(16)
@both
def test_a_worker_that_ignores_sigterm_is_killed_after_the_grace(rig: Rig, chance: random.Random, tally: Tally) -> None:
    witness = Witness(rig.engine)
    start = time.monotonic()
    rig.run(f"paced {chance.randrange(10, 100)} 0.3 then stubborn", replace(QUICK, trial_seconds=2.0))
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("timed_out", "timed-out")
    assert "ignored SIGTERM" in evidence.reason
    assert time.monotonic() - start < 2.0 + STOP_SECONDS + 8
    tally(accounted(evidence, witness.emitted))


ENDS = [
    pytest.param("wordless", "incomplete", marks=pytest.mark.row(17), id="no last word"),
    pytest.param("finish 1", "crashed", marks=pytest.mark.row(18), id="code 1 after the last word"),
    pytest.param("finish 137", "killed-unknown", marks=pytest.mark.row(18), id="code 137 of its own"),
    pytest.param("die 11", "segfault", marks=pytest.mark.row(19), id="segfault"),
    pytest.param("die 6", "abort", marks=pytest.mark.row(19), id="abort"),
    pytest.param("die 7", "bus-error", marks=pytest.mark.row(19), id="bus error"),
    pytest.param("unplugged", "gpu-lost", marks=pytest.mark.row(42), id="gpu lost, played"),
]


@both
@pytest.mark.parametrize(("script", "cause"), ENDS)
@pytest.mark.repeated(1)
def test_an_end_of_any_kind_is_told_and_its_events_kept(
    rig: Rig, chance: random.Random, tally: Tally, script: str, cause: str
) -> None:
    witness = Witness(rig.engine)
    rig.run(f"paced {chance.randrange(1, 200)} 0.3 then {script}", device="cuda" if cause == "gpu-lost" else "cpu")
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", cause)
    outcome = accounted(evidence, witness.emitted)
    assert outcome.lost == 0
    if script.startswith("finish"):
        assert evidence.record["epochs"]
    tally(outcome)


@pytest.mark.row(28)
@pytest.mark.docker
def test_what_a_container_wrote_before_somebody_removed_it_is_kept(
    make: Callable[..., DockerRig], chance: random.Random, tally: Tally
) -> None:
    """Its log went with it. Its output volume has all that it wrote; here a holder keeps that, to be asked later."""
    rig = make()
    held: list[Any] = []

    def remove() -> None:
        volume = {f"bakeoff-{rig.run_id}-toy-1.0.play.s1-out": {"bind": "/out", "mode": "rw"}}
        held.append(rig.client.containers.create(rig.prepared.handle, network_mode="none", volumes=volume))
        container(rig.client, rig).remove(force=True)

    hand = Hand(chance, remove)
    rig.run("paced 400 4", on_event=hand.hear)
    emitted = int(read_member(held[0], f"/out/{faulty.EMITTED}", 100) or b"0")
    held[0].remove(force=True)
    for volume in rig.client.volumes.list(filters={"label": f"bakeoff.run={rig.run_id}"}):
        volume.remove()
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.cause) == ("failed", "removed")
    tally(accounted(evidence, emitted, killed=True))
