"""Rows 43 and 44: what becomes of trials that take turns when their host or one of them is disturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.evidence import Evidence, Outcome, accounted
from tests.faults.host import Host
from tests.support.groups import slow

Hosts = Callable[[str], Host]
Tally = Callable[[Outcome], None]
both = pytest.mark.parametrize("host_engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])

STEPS = 120  # of a hundredth of a second: a training of 1.2 s in some twenty turns, and as long of each of the others
TRIALS = 3
FAILED, INTERRUPTED = 4, 130


def done_by_turns(host: Host, tally: Tally) -> None:
    """Check that all trials are done, none lost an event, and each had rounds with the others."""
    trials = host.trials()
    assert len(trials) == TRIALS
    for evidence in trials:
        assert (evidence.status, evidence.reason) == ("done", "")
        assert evidence.record["by_turns"]
        tally(accounted(evidence, max(evidence.numbers) + 1))
    assert host.left_behind() == []


def rounds(evidence: Evidence) -> list[int]:
    return [turn["round"] for turn in evidence.record["turns"]]


@pytest.mark.row(43)
@pytest.mark.short
@pytest.mark.parametrize("host_engine", [*slow("process"), pytest.param("docker", marks=pytest.mark.docker)])
def test_a_killed_host_of_trials_by_turns_is_followed_by_one_that_ends_them(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.taking_turns(STEPS))
    host.await_events(4)
    time.sleep(chance.uniform(0, 3))
    process.kill()
    resumed = host.run(["resume"])
    assert resumed.code == 0, resumed.said
    done_by_turns(host, tally)


@pytest.mark.row(43)
@both
def test_ctrl_c_stops_all_that_take_turns_and_resume_runs_them(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.taking_turns(STEPS))
    host.await_events(4)
    time.sleep(chance.uniform(0, 2))
    process.signal(signal.SIGINT)
    assert process.wait() == INTERRUPTED, process.said
    assert {evidence.status for evidence in host.trials()} <= {"interrupted", "skipped", "done"}
    assert host.left_behind() == []
    resumed = host.run(["resume"])
    assert resumed.code == 0, resumed.said
    done_by_turns(host, tally)


@pytest.mark.row(43)
@both
def test_a_host_that_stands_still_for_a_while_goes_on_handing_turns_over(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.taking_turns(STEPS))
    host.await_events(10)
    process.signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.5, 3))
    process.signal(signal.SIGCONT)
    assert process.wait() == 0, process.said
    done_by_turns(host, tally)


@pytest.mark.row(44)
@both
def test_one_that_is_killed_fails_and_the_others_are_done(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    process = host.start(host.taking_turns(STEPS))
    host.await_events(12)
    time.sleep(chance.uniform(0, 1))
    kill_one(host)
    assert process.wait() == FAILED, process.said
    statuses = sorted(evidence.status for evidence in host.trials())
    assert statuses == ["done", "done", "failed"]
    for evidence in host.trials():
        if evidence.status == "done":
            tally(accounted(evidence, max(evidence.numbers) + 1))
    assert host.left_behind() == []


@pytest.mark.row(44)
@pytest.mark.docker
@pytest.mark.parametrize("host_engine", ["docker"])
def test_one_that_is_paused_for_a_while_goes_on_with_its_turns(
    hosts: Hosts, host_engine: str, chance: random.Random, tally: Tally
) -> None:
    host = hosts(host_engine)
    assert host.client is not None
    process = host.start(host.taking_turns(STEPS))
    host.await_events(12)
    (container, *_) = host.client.containers.list(filters={"label": f"bakeoff.run={host.latest().name}"})
    container.pause()
    time.sleep(chance.uniform(0.5, 3))
    container.unpause()
    assert process.wait() == 0, process.said
    done_by_turns(host, tally)
    assert len({number for evidence in host.trials() for number in rounds(evidence)}) > 1


def kill_one(host: Host) -> None:
    """Kill the worker of one trial that takes turns, as somebody from outside would."""
    if host.client is not None:
        (container, *_) = host.client.containers.list(filters={"label": f"bakeoff.run={host.latest().name}"})
        container.kill()
        return
    ready = next(line for line in host.trials()[0].lines if b"worker_ready" in line)
    os.kill(int(ready.split(b'"pid":"')[1].split(b'"')[0]), signal.SIGKILL)
