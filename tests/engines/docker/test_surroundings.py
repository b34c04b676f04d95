"""What containers and images get of the user's surroundings, under a configuration of Docker with secrets in it."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker import DockerClient

from orchestrator.engines.docker import container_options
from orchestrator.engines.docker.files import unstarted_container
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.docker.one_off import run
from orchestrator.record.record import Status
from orchestrator.spec.contenders import parse
from shared.events import Warned
from tests.support import engines
from tests.support.docker_config import PASSWORD, PROXY, write_config
from tests.support.engines import DockerRig
from tests.support.groups import slow
from tests.support.paths import ROOT, TOYS
from tests.support.traces import traces

needs_engine = pytest.mark.docker

PROMISED = {*container_options.environment({}), "BAKEOFF_TRIAL"}
"""The variables of a worker, as shared/README.md has them, beside its image's own."""
OF_THE_ENGINE = {"HOSTNAME", "TERM", "container"}
"""What an engine adds of its own, the same for all: the last two are Podman's."""


@pytest.fixture
def client(docker_client: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerClient]:
    """The engine, reached by a user whose configuration has proxies with passwords, helpers and contexts."""
    if not os.environ.get("DOCKER_HOST"):
        monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_CONFIG", str(write_config(tmp_path / "docker")))
    client = docker.from_env(timeout=120)
    yield client
    client.close()


@needs_engine
def test_a_worker_has_the_promised_variables_and_its_images_and_no_others(
    client: DockerClient, data_volume: str, tmp_path: Path
) -> None:
    rig, told = DockerRig(tmp_path, client, data_volume), list[str]()
    record = rig.run(
        "surroundings", on_event=lambda _, event: told.append(event.message) if isinstance(event, Warned) else None
    )
    assert record.status is Status.DONE
    of_image = {each.partition("=")[0] for each in client.images.get(rig.prepared.image).attrs["Config"]["Env"]}
    found = set(json.loads(told[0])["environment"].split())
    assert found - OF_THE_ENGINE == PROMISED | of_image
    assert rig.left_behind() == []


@needs_engine
def test_containers_beside_workers_get_no_secret_either(client: DockerClient, data_volume: str, tmp_path: Path) -> None:
    image = DockerRig(tmp_path, client, data_volume).prepared.image
    dump = ["python3", "-c", "import os; print(sorted(os.environ.items()))"]
    told = run(client, image, dump, container_options.restrictions(2**28), 60.0)
    assert b"PATH" in told.stdout
    assert PASSWORD.encode() not in told.stdout
    with unstarted_container(client, image, OWNER_LABELS) as holder:
        assert PASSWORD not in json.dumps(holder.attrs)


def test_every_container_is_made_by_the_call_that_adds_no_proxies() -> None:
    makes = (".containers.create(", ".containers.run(", ".create_container(")
    sources = {path: path.read_text() for path in (ROOT / "orchestrator").rglob("*.py")}
    assert [path.name for path, text in sources.items() if any(make in text for make in makes)] == ["api.py"]
    assert "use_config_proxy=False" in sources[ROOT / "orchestrator" / "engines" / "docker" / "api.py"]


@pytest.fixture
def toy(client: DockerClient, tmp_path: Path) -> Iterator[Path]:
    """A toy that shows in its build which proxies it has; its images are removed again."""
    name = f"toy-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "images" / name
    shutil.copytree(TOYS / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    asks = f"LABEL toy={name}\nRUN env | grep -i proxy | sort | sed 's/^/Successfully /'\n"
    text = (folder / "Dockerfile").read_text().replace("images/toy", f"images/{name}")
    (folder / "Dockerfile").write_text(text.replace("WORKDIR", asks + "WORKDIR"))
    yield folder
    mine: Any = {"label": f"toy={name}"}
    for image in sorted(client.images.list(filters=mine), key=lambda image: not image.tags):
        client.images.remove(str(image.id), force=True)


@needs_engine
@pytest.mark.parametrize("named_in", ["the environment", *slow("Docker's configuration")])
def test_a_build_has_the_proxies_and_nothing_of_it_keeps_them(
    client: DockerClient, toy: Path, monkeypatch: pytest.MonkeyPatch, named_in: str
) -> None:
    if named_in == "the environment":
        write_config(Path(os.environ["DOCKER_CONFIG"]), {"credsStore": "of-nobody"})
        for name in ("HTTP_PROXY", "https_proxy"):
            monkeypatch.setenv(name, PROXY)
    said: list[str] = []
    engine = engines.docker_engine(client, images=toy.parent)
    image = engine.prepare(parse(toy.name, toy.parent), "cpu", said.append).image
    proxies = [line for line in said if "Successfully " in line]
    assert any("_proxy=http://***@127.0.0.1:9" in line.lower() for line in proxies), said
    assert PASSWORD not in "\n".join(said)
    assert traces(client, f"toy={toy.name}", image, PASSWORD) == []
