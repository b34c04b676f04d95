"""Row 1: the host is killed at random moments, and the run goes on as if nothing had happened."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.evidence import Outcome, accounted
from tests.faults.host import Host, Process
from tests.faults.same import but_for_times, differences

LONG = ("paced 150 3", "paced 60 2 then finish 3", "paced 200 2.5")
BRIEF = ("paced 60 1", "paced 30 0.5 then finish 3")
EMITTED = {"paced 150 3": 155, "paced 60 2 then finish 3": 65, "paced 200 2.5": 205} | {
    "paced 60 1": 65,
    "paced 30 0.5 then finish 3": 35,
}
FAILED = 4  # one of them exits with code 3

Tally = Callable[[Outcome], None]


@pytest.mark.row(1)
@pytest.mark.short
@pytest.mark.repeated(1)
@pytest.mark.parametrize("host_engine", ["process"])
def test_a_killed_and_resumed_run_ends_like_an_undisturbed_one(
    hosts: Callable[[str], Host], host_engine: str, chance: random.Random, tally: Tally
) -> None:
    whole = undisturbed(hosts(host_engine), BRIEF)
    survive(hosts(host_engine), chance, 2, BRIEF, whole, tally)


@pytest.mark.row(1)
@pytest.mark.timeout(1500)
@pytest.mark.repeated(1)
@pytest.mark.parametrize(
    ("host_engine", "kills"), [("process", 40), pytest.param("docker", 60, marks=pytest.mark.docker)]
)
def test_a_hundred_kills_change_nothing_in_the_summary(
    hosts: Callable[[str], Host], host_engine: str, chance: random.Random, tally: Tally, kills: int
) -> None:
    whole = undisturbed(hosts(host_engine), LONG)
    survived = 0
    while survived < kills:
        survived += survive(hosts(host_engine), chance, min(10, kills - survived), LONG, whole, tally)


@pytest.mark.row(1)
@pytest.mark.frameworks
@pytest.mark.docker
@pytest.mark.timeout(900)
@pytest.mark.repeated(1)
def test_five_kills_change_nothing_in_a_comparison_of_real_frameworks(
    hosts: Callable[[str], Host], chance: random.Random, tally: Tally
) -> None:
    sizes = ["--train-images", "512", "--epochs", "2", "--profile", "article", "--threads", "1"]
    words = ["compare", "torch", "tf", "--engine", "docker", "--recipe", "article-torch", *sizes]
    whole = hosts("docker")
    process = whole.run(words, 600)  # the first may build images
    assert process.code == 0, process.said
    survived = 0
    while survived < 5:
        host = hosts("docker")
        killed, process = killed_host(host, words, chance, 5 - survived, (1.0, 8.0))
        assert process.code == 0, process.said
        one, other = (but_for_times(each.summary(), trained=True) for each in (whole, host))
        assert differences(one, other) == []
        assert host.left_behind() == []
        for evidence in host.trials():
            assert evidence.status == "done"
            tally(accounted(evidence, max(evidence.numbers) + 1, figures={"kills": killed}))
            killed, survived = 0, survived + killed


def undisturbed(host: Host, scripts: tuple[str, ...]) -> dict[str, Any]:
    process = host.run(host.comparison(*scripts))
    assert process.code == FAILED, process.said
    return host.summary()


def survive(
    host: Host, chance: random.Random, kills: int, scripts: tuple[str, ...], whole: dict[str, Any], tally: Tally
) -> int:
    """Kill the host of one run so often, or until it has ended; return how often it was killed."""
    killed, process = killed_host(host, host.comparison(*scripts), chance, kills)
    assert process.code == FAILED, process.said
    assert differences(but_for_times(whole), but_for_times(host.summary())) == []
    assert host.left_behind() == []
    if strays := host.strays():
        assert host.clean().code == 0
    left = host.strays()
    for number, (evidence, script) in enumerate(zip(host.trials(), scripts, strict=True)):
        figures = {"kills": killed, "strays": len(strays), "leftovers": len(left)} if number == 0 else {}
        outcome = accounted(evidence, EMITTED[script], figures=figures)
        assert outcome.lost == 0
        tally(outcome)
    assert left == []
    return killed


def killed_host(
    host: Host, words: list[str], chance: random.Random, kills: int, every_seconds: tuple[float, float] = (0.3, 4.0)
) -> tuple[int, Process]:
    """Start a comparison, kill it and whoever resumes it; return how often, and the host that was let to its end."""
    killed, process = 0, host.start(words)
    while killed < kills:
        until = time.monotonic() + chance.uniform(*every_seconds)
        while process.code is None and time.monotonic() < until:
            time.sleep(0.02)
        if process.code is not None:
            break
        process.kill()
        killed += 1
        process = host.start(["resume"] if host.runs() else words)
    process.wait()
    return killed, process
