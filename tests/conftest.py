"""What several test files need: the real MNIST, prepared once a session, and a Docker Engine where one answers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from hypothesis import settings

from orchestrator.data import dataset
from orchestrator.engines.docker import connect
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.engine import Engine
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import PreflightError
from shared import mnist
from tests.support import engines, groups

# For one example: far more than a busy machine takes, far less than a hang.
settings.register_profile("bakeoff", deadline=timedelta(seconds=60))
settings.load_profile("bakeoff")

VARIABLES_OF_TESTS = (
    *("BAKEOFF_CACHE", "BAKEOFF_IDX", "BAKEOFF_BASE_IMAGE", "BAKEOFF_REQUIRE_DOCKER", "BAKEOFF_PODMAN_HOST"),
    *("BAKEOFF_FAULTS", "BAKEOFF_FAULTS_SEED", "BAKEOFF_FAULTS_REPETITIONS"),
)


@pytest.fixture(scope="session")
def mnist_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared Parquet folder: from BAKEOFF_IDX where it is set, else the user's cache or the public sources."""
    named = os.environ.get("BAKEOFF_IDX")
    folder = tmp_path_factory.mktemp("data") / "mnist" if named else dataset.default_folder()
    try:
        return dataset.ensure(folder, Path(named) if named else None, _silently).folder
    except PreflightError as error:
        if named:
            raise
        pytest.skip(f"MNIST is not to be had here: {error.message}")


@pytest.fixture(scope="session")
def idx_folder(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four IDX files, not compressed, made back from the Parquet files."""
    folder = tmp_path_factory.mktemp("idx")
    data = mnist.load(mnist_folder, "28x28")
    for name, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("t10k", data.test_images, data.test_labels),
    ):
        sizes = (len(images), 28, 28)
        header = b"".join(number.to_bytes(4, "big") for number in (2051, *sizes))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = b"".join(number.to_bytes(4, "big") for number in (2049, len(labels)))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder


@pytest.fixture(scope="module")
def engine() -> Engine:
    """What trains with the real frameworks: Docker where it answers; elsewhere processes, unless Docker is required."""
    try:
        return connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))
    except PreflightError:
        if os.environ.get("BAKEOFF_REQUIRE_DOCKER"):
            raise
        return ProcessEngine(dataset.default_folder().parent)


@pytest.fixture(scope="session")
def docker_client() -> Iterator[DockerClient]:
    """A real engine; without one the test is skipped, or fails where the environment says that one is there."""
    client = engines.client_or_skip()
    yield client
    client.close()


@pytest.fixture(scope="session")
def data_volume(docker_client: DockerClient) -> Iterator[str]:
    """A data volume of this session's own, so that no test touches the user's."""
    volume = docker_client.volumes.create(f"bakeoff-test-{uuid.uuid4().hex[:12]}", labels=OWNER_LABELS)
    yield volume.name
    volume.remove(force=True)


@pytest.fixture(scope="session")
def podman_client() -> Iterator[DockerClient]:
    """Podman's service, where BAKEOFF_PODMAN_HOST says where it listens."""
    named = os.environ.get("BAKEOFF_PODMAN_HOST")
    if not named:
        pytest.skip("BAKEOFF_PODMAN_HOST names no Podman")
    client = DockerClient(base_url=named, timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def podman_volume(podman_client: DockerClient) -> Iterator[str]:
    volume = podman_client.volumes.create(f"bakeoff-test-{uuid.uuid4().hex[:12]}", labels=OWNER_LABELS)
    yield volume.name
    volume.remove(force=True)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Count one process more than there are cores: the tests of the engine wait for most of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests out among the processes of `make test`: a group stays in one process, so it prepares once.

    Trainings are one group and tests of the engine another, in this order, because the longest has to start first. All
    others go by file. (`--dist loadgroup` would be the plugin's own way, and does nothing with pytest 9.2.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]  # the plugin has no types
        def _split_scope(self, nodeid: str) -> str:
            return groups.group(nodeid)

    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest groups first where processes share the tests; no test of an engine stands outside of them."""
    groups.refuse_outside(items)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: ("trainings", "engine", groups.group(item.nodeid)).index(groups.group(item.nodeid)))


def _silently(line: str) -> None:
    """Take a line of progress and show it nobody."""


FIRST_AS_ASKED_FOR = 403
"""A seed whose lots leave the first two blocks of up to three rows of two contenders as they were asked for."""


@pytest.fixture(autouse=True, scope="session")
def _same_lots() -> Iterator[None]:
    """Draw the order within blocks from one seed in every comparison of these tests, so that a test can name it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.pipeline.draw_seed", lambda: FIRST_AS_ASKED_FOR)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_option_of_the_users() -> Iterator[None]:
    """Take out the variables that stand for options: BAKEOFF_OUT_DIR would send tests' runs into a person's folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith("BAKEOFF_") and each not in VARIABLES_OF_TESTS]:
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _no_engine_unless_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point Docker's socket at nothing: a test without a marker passes on a machine without an engine, or fails."""
    if not any(request.node.get_closest_marker(name) for name in groups.NEED_AN_ENGINE):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
