"""Row 10: the engine restarts under a running trial, with live-restore and without."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker import DockerClient

from shared.events import Event
from tests.faults import second
from tests.faults.evidence import Evidence, Outcome, Witness, accounted
from tests.faults.second import SecondEngine
from tests.support.engines import QUICK, DockerRig, sweep

pytestmark = [
    pytest.mark.docker,
    pytest.mark.row(10),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # the SDK's, where it could not connect
]

LIMITS = replace(QUICK, reconnect_seconds=1.0, engine_seconds=30.0)


@pytest.fixture(scope="module", params=[True, False], ids=["live-restore", "no live-restore"])
def engine(
    request: pytest.FixtureRequest,
    docker_client: DockerClient,
    toy_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SecondEngine]:
    """A second engine with the toy in it."""
    if lacks := second.missing():
        pytest.skip(lacks)
    folder = tmp_path_factory.mktemp("engine")
    with SecondEngine(folder, live_restore=request.param) as started:
        started.load(docker_client, toy_image)
        yield started
    shutil.rmtree(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_an_engine_that_restarts_costs_no_event_that_was_written(
    engine: SecondEngine,
    chance: random.Random,
    tally: Callable[[Outcome], None],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    heard = threading.Event()

    def restart() -> None:
        heard.wait(30)
        time.sleep(chance.uniform(0.1, 1.5))
        engine.stop(number)
        time.sleep(chance.uniform(0, 1))
        engine.start()

    def hear(trial: str, event: Event) -> None:
        heard.set()

    with contextlib.closing(engine.client()) as client:
        rig = DockerRig(tmp_path, client, client.volumes.create("data").name)
        witness = Witness(rig.engine)
        thread = threading.Thread(target=restart)
        thread.start()
        rig.run("paced 500 5", LIMITS, hear)
        thread.join()
        assert rig.left_behind() == []
    sweep()  # while the engine was away, the SDK left sockets that could not connect
    evidence = Evidence(rig.folder / "trial")
    assert witness.written() <= set(evidence.numbers)
    if engine.live_restore:
        assert (evidence.status, evidence.reason) == ("done", "")
        outcome = accounted(evidence, witness.emitted)
        assert outcome.lost == 0
    else:
        assert (evidence.status, evidence.cause) == ("failed", "engine-restart")
        outcome = accounted(evidence, witness.emitted, killed=True)
    tally(outcome)
