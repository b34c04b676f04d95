"""Chance with a seed that is printed, rigs on either engine, and a tally that becomes the table.

BAKEOFF_FAULTS_SEED repeats a run's random moments, BAKEOFF_FAULTS_REPETITIONS sets how often each
row runs, BAKEOFF_FAULTS names the file for the results.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from tests.faults.evidence import Outcome
from tests.faults.host import Host
from tests.faults.proxy import Proxy
from tests.support import engines
from tests.support.engines import DockerRig, Rig

SEED = int(os.environ.get("BAKEOFF_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
REPETITIONS = int(os.environ.get("BAKEOFF_FAULTS_REPETITIONS", "3"))
_HERE = Path(__file__).parent
_results: list[dict[str, Any]] = []


def pytest_configure() -> None:
    """Let hosts be interrupted also where the suite runs in the background: a shell ignores Ctrl-C there, for all."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "repetition" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("repeated")
        times = marker.args[0] if marker else REPETITIONS
        metafunc.parametrize("repetition", range(1, times + 1), ids=lambda number: f"no{number}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all but the first repetition of a `short` test to `make faults`."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            repetition = getattr(item, "callspec", None) and item.callspec.params.get("repetition", 1)  # type: ignore[attr-defined]
            if not (item.get_closest_marker("short") and repetition in (None, 1)):
                item.add_marker(pytest.mark.faults)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = dict(report.user_properties)
    if "row" in told and (report.when == "call" or report.failed):
        _results.append(
            {
                "test": report.nodeid,
                "rows": told["row"],
                "engine": told.get("engine", ""),
                "passed": report.passed,
                "skipped": report.skipped,
                "seconds": round(report.duration, 2),
                "outcomes": [value for name, value in report.user_properties if name == "outcome"],
                "invalid": told.get("invalid", 0),
            }
        )


def pytest_sessionfinish() -> None:
    named = os.environ.get("BAKEOFF_FAULTS")
    if named and _results:
        Path(named).write_text(json.dumps({"seed": SEED, "repetitions": REPETITIONS, "tests": _results}, indent=1))


@pytest.fixture(autouse=True)
def _row(request: pytest.FixtureRequest) -> None:
    """Put down which rows of the matrix a test is of, and on which engine."""
    rows = [number for marker in request.node.iter_markers("row") for number in marker.args]
    request.node.user_properties.append(("row", sorted(rows)))
    params = getattr(request.node, "callspec", None)
    engine = params.params.get("rig") or params.params.get("host_engine") if params else None
    request.node.user_properties.append(("engine", engine or ("docker" if _uses_docker(request) else "")))


def _uses_docker(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("docker") is not None


@pytest.fixture
def chance(request: pytest.FixtureRequest, repetition: int) -> random.Random:
    """A source of random moments, another for each test and repetition."""
    sys.stdout.write(f"BAKEOFF_FAULTS_SEED={SEED} repeats these moments\n")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[Outcome], None]:
    """Take the figures of a repetition for the table."""
    return lambda outcome: request.node.user_properties.append(("outcome", outcome.document()))


@pytest.fixture
def make(docker_client: DockerClient, data_volume: str, tmp_path: Path) -> Iterator[Callable[..., DockerRig]]:
    """Make a rig with a docker engine of one's own; at the end nothing of any of them is left."""
    with engines.docker_rigs(docker_client, data_volume, tmp_path) as rigs:
        yield rigs


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The engine that a test is parametrised with; the test ends with the question what its run left."""
    if request.param == "docker":
        yield request.getfixturevalue("make")()
        return
    made = engines.process(tmp_path)
    yield made
    assert made.left_behind() == []


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as between:
        yield between


@pytest.fixture
def hosts(
    request: pytest.FixtureRequest, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Host]]:
    """Make hosts, each with a folder of its own for runs; what they leave on an engine is removed at the end."""
    made: list[Host] = []

    def host(engine: str) -> Host:
        folder = tmp_path_factory.mktemp("host")
        if engine == "process":
            made.append(Host(folder, cache, engine))
        else:
            client = request.getfixturevalue("docker_client")
            made.append(Host(folder, cache, engine, request.getfixturevalue("toy_image"), client))
        return made[-1]

    yield host
    for each in made:
        each.remove_all()


@pytest.fixture(scope="session")
def cache(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this session's own: `clean` ends all workers of the process engine that stand in one."""
    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(mnist_folder, folder / "mnist")
    return folder


@pytest.fixture(scope="session")
def toy_image(docker_client: DockerClient, data_volume: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The toy as a ready image, as a user names one."""
    return DockerRig(tmp_path_factory.mktemp("toy"), docker_client, data_volume).prepared.image
