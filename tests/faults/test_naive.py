"""Whether the suite can fail: the same faults and the same questions, and a reader that is not good enough."""

from __future__ import annotations

import random
from collections.abc import Callable

import docker
import pytest

from tests.faults import naive
from tests.faults.evidence import Evidence, Witness, accounted
from tests.faults.proxy import Proxy
from tests.faults.test_connection import Saboteur, nothing
from tests.support.engines import DockerRig

pytestmark = [pytest.mark.docker, pytest.mark.repeated(1)]


def test_the_naive_reader_passes_where_nothing_happens(make: Callable[..., DockerRig], chance: random.Random) -> None:
    """So that it is the faults that fail it, and not that it is no reader."""
    rig = make()
    witness = Witness(rig.engine)
    evidence = Evidence(naive.run(rig, rig.client, "paced 40 4"))
    assert evidence.status == "done"
    assert accounted(evidence, witness.emitted).lost == 0


@pytest.mark.short
def test_a_broken_connection_fails_the_naive_reader(
    make: Callable[..., DockerRig], chance: random.Random, proxy: Proxy
) -> None:
    rig = make()
    witness = Witness(rig.engine)
    client = docker.DockerClient(base_url=proxy.url, timeout=5)
    saboteur = Saboteur(proxy, chance, (0.0, 0.0), 3)
    with saboteur.at_work(Proxy.finish, nothing):
        evidence = Evidence(naive.run(rig, client, "paced 200 3", saboteur.hear))
    fails(evidence, witness.emitted)


@pytest.mark.parametrize("script", ["hostile", "impostor", "endless 3"])
def test_hostile_words_fail_the_naive_reader(
    make: Callable[..., DockerRig], chance: random.Random, script: str
) -> None:
    rig = make()
    witness = Witness(rig.engine)
    fails(Evidence(naive.run(rig, rig.client, script)), witness.emitted)


def test_an_exit_without_a_last_word_is_done_to_the_naive_reader(
    make: Callable[..., DockerRig], chance: random.Random
) -> None:
    rig = make()
    evidence = Evidence(naive.run(rig, rig.client, "paced 5 1 then wordless"))
    assert evidence.status == "done"  # what test_ends holds to be a failure


def fails(evidence: Evidence, emitted: int) -> None:
    """The questions that every other test of the suite asks must find this one out."""
    with pytest.raises((AssertionError, ValueError, KeyError, TypeError, RecursionError)):
        accounted(evidence, emitted)
