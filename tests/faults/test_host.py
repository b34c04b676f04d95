"""Rows 2 to 4, 9, 38 and 40: what becomes of a run whose host is signalled, stopped, alone or one too many."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.evidence import Outcome, accounted
from tests.faults.host import Host
from tests.faults.proxy import Proxy

Hosts = Callable[[str], Host]
Tally = Callable[[Outcome], None]
both = pytest.mark.parametrize("host_engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])

INTERRUPTED, INFRASTRUCTURE = 130, 3


@pytest.mark.row(2)
@both
def test_one_signal_stops_the_run_and_leaves_a_report(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.comparison("paced 400 4", "paced 10 0.1"))
    host.await_events()
    time.sleep(chance.uniform(0, 1.5))
    process.signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
    assert process.wait() == INTERRUPTED, process.said
    stopped, skipped = host.trials()
    assert [stopped.status, skipped.status] == ["interrupted", "skipped"]
    assert [stopped.cause, skipped.cause] == ["interrupted", "skipped"]
    assert host.summary()["comparison"]["interrupted"]
    assert (host.latest() / "report.md").is_file()
    assert f"bakeoff resume {host.latest().name}" in process.said
    assert stopped.numbers == list(range(len(stopped.numbers)))
    assert host.left_behind() == []
    resumed = host.run(["resume"])
    assert resumed.code == 0, resumed.said
    for evidence, emitted in zip(host.trials(), (405, 15), strict=True):
        assert evidence.status == "done"
        tally(accounted(evidence, emitted))
    assert host.left_behind() == []


@pytest.mark.row(3)
@both
def test_two_signals_leave_at_once_and_name_the_commands(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.comparison("paced 20 0.2 then stubborn"))
    host.await_events(22)
    process.signal(signal.SIGINT)
    time.sleep(chance.uniform(0.1, 1.0))
    second = time.monotonic()
    process.signal(signal.SIGINT)
    assert process.wait() == INTERRUPTED, process.said
    assert time.monotonic() - second < 2
    assert "bakeoff clean" in process.said
    assert "bakeoff resume" in process.said
    assert host.clean().code == 0
    assert host.left_behind() == []
    numbers = sorted(host.events(host.latest()))
    tally(Outcome(22, len(set(numbers)), 0, len(numbers) - len(set(numbers)), 0, status="left"))
    assert numbers == list(range(22))


@pytest.mark.row(4)
@both
def test_a_host_that_sleeps_loses_nothing_and_slows_nobody(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    """As a laptop that is closed: the worker goes on, and what it said meanwhile is read afterwards."""
    host = hosts(host_engine)
    process = host.start(host.comparison("paced 400 4"))
    host.await_events()
    time.sleep(chance.uniform(0, 1))
    process.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(1, 6))
    process.signal(signal.SIGCONT)
    assert process.wait() == 0, process.said
    (evidence,) = host.trials()
    assert evidence.record["worker_seconds"] < 6
    outcome = accounted(evidence, 405)
    assert outcome.lost == 0
    tally(outcome)


@pytest.mark.row(9)
@pytest.mark.docker
def test_an_engine_that_stays_away_leaves_what_can_be_resumed(
    hosts: Hosts, chance: random.Random, proxy: Proxy, tally: Tally
) -> None:
    host = hosts("docker")
    host.limit(engine_seconds=2.0, reconnect_seconds=1.0, poll_seconds=0.5)
    host.variables["DOCKER_HOST"] = proxy.url
    process = host.start(host.comparison("paced 300 5", "paced 10 0.1"))
    host.await_events()
    time.sleep(chance.uniform(0, 1.5))
    proxy.refuse()
    assert process.wait() == INFRASTRUCTURE, process.said
    lost, skipped = host.trials()
    assert [lost.status, skipped.status] == ["unknown", "skipped"]
    assert lost.cause == "engine-lost"
    assert f"bakeoff resume {host.latest().name}" in process.said
    proxy.accept()
    resumed = host.run(["resume"])
    assert resumed.code == 0, resumed.said
    for evidence, emitted in zip(host.trials(), (305, 15), strict=True):
        assert evidence.status == "done"
        outcome = accounted(evidence, emitted)
        assert outcome.lost == 0
        tally(outcome)
    assert host.left_behind() == []


@pytest.mark.row(40)
@both
def test_a_second_host_is_refused(hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally) -> None:
    host = hosts(host_engine)
    first = host.start(host.comparison("paced 300 5"))
    host.await_events()
    time.sleep(chance.uniform(0, 0.5))
    second = host.run(["resume"])
    assert second.code == INFRASTRUCTURE, second.said
    assert host.latest().name in second.said
    assert "try: " in second.said
    assert first.wait() == 0, first.said
    (evidence,) = host.trials()
    outcome = accounted(evidence, 305)
    assert outcome.lost == 0
    tally(outcome)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], check=False).returncode != 0:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.row(38)
@both
def test_a_full_disk_stops_the_run_and_a_larger_one_resumes_it(
    hosts: Hosts, host_engine: str, chance: random.Random, small_disk: Path, tally: Tally
) -> None:
    host = hosts(host_engine)
    host.out.parent.mkdir(exist_ok=True)
    host.use(small_disk)
    host.variables["FAULTS_FREE"] = "1"
    process = host.run(host.comparison("paced 3000 3"))
    assert process.code == INFRASTRUCTURE, process.said
    assert "No space left on device" in process.said
    assert "try: " in process.said
    larger = host.folder / "larger"
    shutil.copytree(small_disk, larger, symlinks=True)
    host.use(larger)
    resumed = host.run(["resume"])
    assert resumed.code == 0, resumed.said
    (evidence,) = host.trials()
    assert evidence.status == "done"
    outcome = accounted(evidence, 3005)
    assert outcome.lost == 0
    tally(outcome)
    assert host.left_behind() == []
