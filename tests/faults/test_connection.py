"""Rows 5 to 9: the connection to the engine breaks, the trial does not."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import docker
import pytest

from orchestrator.engines.docker import DockerEngine
from shared.events import Event
from tests.faults.evidence import Evidence, Outcome, Witness, accounted
from tests.faults.proxy import Proxy
from tests.support import engines
from tests.support.engines import QUICK, DockerRig, sweep

pytestmark = [
    pytest.mark.docker,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # the SDK's, where it could not connect
]

ANSWER_SECONDS = 2  # the product waits a minute for an answer; outages here are as much shorter
LIMITS = replace(QUICK, reconnect_seconds=0.7, engine_seconds=30.0)
EVENTS = 600

Break = Callable[[Proxy], None]


class Saboteur:
    """Breaks the connection at random moments of a trial, and measures how long its cure takes to be felt."""

    def __init__(self, proxy: Proxy, chance: random.Random, outage_seconds: tuple[float, float], times: int) -> None:
        self._proxy = proxy
        self._chance = chance
        self._outage_seconds = outage_seconds
        self._times = times
        self._heard = threading.Event()
        self._over = threading.Event()
        self.reconnect_seconds: list[float] = []
        self.broken = 0

    def hear(self, trial: str, event: Event) -> None:
        self._heard.set()

    @contextlib.contextmanager
    def at_work(self, harm: Break, cure: Break) -> Iterator[None]:
        """Break and cure while the trial runs; whatever its end finds broken is cured."""
        thread = threading.Thread(target=self._work, args=(harm, cure), daemon=True)
        thread.start()
        yield
        self._over.set()
        self._heard.set()
        thread.join()

    def _work(self, harm: Break, cure: Break) -> None:
        for _ in range(self._times):
            self._heard.wait()
            self._over.wait(self._chance.uniform(0.05, 0.6))
            if self._over.is_set():
                return
            harm(self._proxy)
            self.broken += 1
            self._over.wait(self._chance.uniform(*self._outage_seconds))
            cure(self._proxy)
            cured = time.monotonic()
            self._heard.clear()
            self._heard.wait()  # also where the trial ends unheard: then it was this long at least
            self.reconnect_seconds.append(time.monotonic() - cured)


def nothing(proxy: Proxy) -> None:
    """A FIN or RST needs no cure: the port is open all the time."""


# A question asked in the dark is given up after ten seconds: the trial must outlast it.
FAULTS = [
    pytest.param(Proxy.finish, nothing, (0.0, 0.2), 3, 6.0, marks=[pytest.mark.row(5), pytest.mark.short], id="fin"),
    pytest.param(Proxy.reset, nothing, (0.0, 0.2), 3, 6.0, marks=pytest.mark.row(6), id="rst"),
    pytest.param(Proxy.darken, Proxy.lighten, (0.3, 2.5), 1, 18.0, marks=pytest.mark.row(7), id="black hole"),
    pytest.param(Proxy.refuse, Proxy.accept, (0.5, 3.0), 2, 6.0, marks=pytest.mark.row(8), id="refused"),
]


@pytest.mark.parametrize(("harm", "cure", "outage_seconds", "times", "seconds"), FAULTS)
def test_a_broken_connection_is_not_a_broken_trial(
    make: Callable[..., DockerRig],
    proxy: Proxy,
    chance: random.Random,
    tally: Callable[[Outcome], None],
    harm: Break,
    cure: Break,
    outage_seconds: tuple[float, float],
    times: int,
    seconds: float,
) -> None:
    rig = make()
    rig.engine, witness = behind(rig, proxy)
    saboteur = Saboteur(proxy, chance, outage_seconds, times)
    with saboteur.at_work(harm, cure):
        rig.run(f"paced {EVENTS} {seconds}", LIMITS, saboteur.hear)
    sweep()
    evidence = Evidence(rig.folder / "trial")
    assert (evidence.status, evidence.reason) == ("done", "")
    assert witness.emitted == EVENTS + 5
    worst = max(saboteur.reconnect_seconds, default=0.0)
    outcome = accounted(evidence, witness.emitted, figures={"reconnect_seconds": worst})
    assert saboteur.broken > 0
    assert outcome.lost == 0
    tally(outcome)


def behind(rig: DockerRig, proxy: Proxy) -> tuple[DockerEngine, Witness]:
    """Put the proxy between the host and the engine."""
    engine = engines.docker_engine(
        docker.DockerClient(base_url=proxy.url, timeout=ANSWER_SECONDS), data_volume=rig.volume
    )
    return engine, Witness(engine)
