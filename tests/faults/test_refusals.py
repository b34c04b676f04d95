"""Rows 23, 25 to 27, 29, 30 and 36: what ends a comparison before it starts, and what it says then."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orchestrator.engines.engine import PrepareError, StartError
from orchestrator.spec.contenders import parse
from tests.faults.evidence import Evidence
from tests.faults.host import Host
from tests.faults.proxy import Proxy
from tests.support.engines import DockerRig, quiet

Hosts = Callable[[str], Host]
USAGE, INFRASTRUCTURE, FAILED = 2, 3, 4
SCRIPT = "paced 5 0.1"


def refused(host: Host, code: int, *said: str, words: list[str] | None = None) -> str:
    """Run a comparison that must be refused before anything is started, with a cause and a way out."""
    process = host.run(words or host.comparison(SCRIPT))
    assert process.code == code, process.said
    for each in said:
        assert each in process.said, process.said
    assert "error: " in process.said
    assert "try: " in process.said
    assert "Traceback" not in process.said
    assert host.left_behind() == []
    return process.said


@pytest.mark.row(23)
@pytest.mark.repeated(1)
@pytest.mark.parametrize("host_engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_damaged_data_is_found_before_anything_starts(
    hosts: Hosts, host_engine: str, cache: Path, tmp_path: Path, chance: random.Random
) -> None:
    host = hosts(host_engine)
    broken = tmp_path / "cache"
    shutil.copytree(cache, broken)
    with (broken / "mnist" / "train.parquet").open("r+b") as file:
        file.seek(chance.randrange(100, 10**6))
        file.write(b"\0\1\2\3\4\5\6\7")
    empty = tmp_path / "idx"
    empty.mkdir()
    host.variables["BAKEOFF_CACHE"] = str(broken)
    refused(host, INFRASTRUCTURE, words=[*host.comparison(SCRIPT), "--idx", str(empty)])
    assert host.runs() == []


@pytest.mark.row(25)
@pytest.mark.repeated(1)
@pytest.mark.docker
def test_a_gpu_that_the_engine_cannot_give_is_no_silent_training_on_the_cpu(
    make: Callable[..., DockerRig], chance: random.Random
) -> None:
    rig = make()
    if rig.docker.gives_gpus():
        pytest.skip("this engine gives GPUs")
    launch = replace(rig.launch(SCRIPT), gpu="GPU-00000000-0000-0000-0000-000000000000")
    with pytest.raises(StartError, match="NVIDIA Container Toolkit"):
        rig.engine.start(launch)
    assert rig.left_behind() == []


@pytest.mark.row(25)
@pytest.mark.repeated(1)
@pytest.mark.docker
def test_a_gpu_asked_for_and_not_there_is_refused(hosts: Hosts, chance: random.Random) -> None:
    host = hosts("docker")
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has a GPU")
    refused(host, INFRASTRUCTURE, "--device cpu", words=[*host.comparison(SCRIPT), "--device", "cuda"])
    assert host.runs() == []


class Registry(http.server.BaseHTTPRequestHandler):
    """A registry that answers every question with one status, but for what it holds."""

    status = 404
    asked = 0
    held: ClassVar[dict[str, tuple[str, bytes]]] = {}

    def do_GET(self) -> None:
        type(self).asked += 1
        if self.path == "/v2/":
            self._answer(200, b"{}")
        elif self.path in self.held:
            kind, content = self.held[self.path]
            self._answer(200, content, kind)
        else:
            code = {404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS", 401: "DENIED", 503: "UNAVAILABLE"}[self.status]
            self._answer(self.status, b'{"errors":[{"code":"%s","message":"as asked"}]}' % code.encode())

    do_HEAD = do_GET  # noqa: N815 - http.server asks for this name

    def log_message(self, *_: Any) -> None:
        """Say nothing on standard error."""

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, type[Registry]]]:
    """A registry on this machine, which engines take without TLS; the status is the test's parameter."""
    kind = type("Asked", (Registry,), {"status": request.param, "asked": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", kind
        server.shutdown()


def refusal(rig: DockerRig, image: str) -> str:
    with pytest.raises(PrepareError) as caught:
        rig.engine.prepare(parse(f"mine@{image}"), "cpu", quiet)
    return str(caught.value)


@pytest.mark.row(26)
@pytest.mark.repeated(1)
@pytest.mark.docker
@pytest.mark.parametrize("registry", [404, 429], indirect=True, ids=["missing", "too many requests"])
def test_an_image_that_is_not_given_is_named(
    make: Callable[..., DockerRig], registry: tuple[str, type[Registry]], chance: random.Random
) -> None:
    address, kind = registry
    said = refusal(make(pull_waits_seconds=(0.1, 0.2)), f"{address}/mine:1")
    assert f"{address}/mine:1" in said
    assert ("after 3 tries" in said) == (kind.status == 429)  # what may pass is tried again, a no is not


@pytest.mark.row(26)
@pytest.mark.repeated(1)
@pytest.mark.docker
def test_a_registry_that_does_not_answer_is_named(make: Callable[..., DockerRig], chance: random.Random) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refusal(make(pull_waits_seconds=(0.1, 0.2)), f"127.0.0.1:{port}/mine:1")
    assert "connection refused" in said


def tiny_image() -> dict[str, tuple[str, bytes]]:
    """Return what a registry holds of an image of one empty folder that declares the contract: path → type, content."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        entry = tarfile.TarInfo("empty")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    plain, packed = layer.getvalue(), gzip.compress(layer.getvalue(), mtime=0)
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Labels": {"bakeoff.contract": "1"}, "Entrypoint": ["/worker"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
    }
    written = json.dumps(config).encode()
    docker = "application/vnd.docker"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{docker}.distribution.manifest.v2+json",
        "config": _described(f"{docker}.container.image.v1+json", written),
        "layers": [_described(f"{docker}.image.rootfs.diff.tar.gzip", packed)],
    }
    told = (f"{docker}.distribution.manifest.v2+json", json.dumps(manifest).encode())
    blobs = {f"/v2/mine/blobs/{_digest(blob)}": ("application/octet-stream", blob) for blob in (written, packed)}
    return {"/v2/mine/manifests/1": told, f"/v2/mine/manifests/{_digest(told[1])}": told, **blobs}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


@pytest.mark.row(26)
@pytest.mark.docker
def test_a_registry_that_comes_back_in_time_gives_its_image(
    make: Callable[..., DockerRig], chance: random.Random
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    kind = type("Late", (Registry,), {"status": 404, "held": tiny_image()})
    rig = make(pull_waits_seconds=(0.5, 1.0, 2.0, 4.0))
    image = f"127.0.0.1:{port}/mine:1"
    servers: list[http.server.ThreadingHTTPServer] = []

    def open_late() -> None:
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", port), kind))
        servers[0].serve_forever()

    timer = threading.Timer(chance.uniform(0.2, 3.0), open_late)
    timer.start()
    try:
        prepared = rig.engine.prepare(parse(f"mine@{image}"), "cpu", quiet)
        assert prepared.image.startswith("sha256:")
        assert prepared.retries  # what was tried again stands in the record
        assert "connection refused" in prepared.retries[0]
    finally:
        servers[0].shutdown()
        servers[0].server_close()
        timer.join()
        rig.client.images.remove(image, force=True)


@pytest.mark.row(26)
@pytest.mark.docker
@pytest.mark.repeated(1)
def test_a_contender_without_an_image_leaves_the_others_running(hosts: Hosts, chance: random.Random) -> None:
    host = hosts("docker")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words = host.comparison(SCRIPT)
    words.insert(1, f"mine@127.0.0.1:{port}/mine:1")
    process = host.run(words)
    assert process.code == FAILED, process.said
    statuses = {evidence.record["contender"].partition("@")[0]: evidence.status for evidence in host.trials()}
    assert statuses == {"mine": "failed", "toy": "done"}
    assert "connection refused" in (host.latest() / "report.md").read_text()


@pytest.mark.row(27)
@pytest.mark.docker
@pytest.mark.repeated(1)
def test_a_foreign_container_of_our_name_is_refused_and_left_alone(
    make: Callable[..., DockerRig], chance: random.Random
) -> None:
    rig = make()
    name = f"bakeoff-{rig.run_id}-toy-1.0.play.s1"
    foreign = rig.client.containers.create(rig.prepared.handle, name=name, network_mode="none")
    try:
        rig.run(SCRIPT)
        evidence = Evidence(rig.folder / "trial")
        assert (evidence.status, evidence.cause) == ("failed", "not-started")
        assert name in evidence.reason
        foreign.reload()
        assert foreign.status == "created"
    finally:
        foreign.remove(force=True)


@pytest.mark.row(29)
@pytest.mark.docker
@pytest.mark.repeated(1)
def test_three_ways_to_no_engine_are_told_apart(hosts: Hosts, chance: random.Random, tmp_path: Path) -> None:
    host = hosts("docker")
    host.variables["DOCKER_HOST"] = f"unix://{tmp_path}/absent.sock"
    missing = refused(host, INFRASTRUCTURE, "absent.sock")
    del host.variables["DOCKER_HOST"]
    host.variables["DOCKER_CONTEXT"] = "nobody-made-this"
    wrong = refused(host, INFRASTRUCTURE, "nobody-made-this")
    assert missing != wrong


@pytest.mark.row(29)
@pytest.mark.docker
@pytest.mark.repeated(1)
def test_a_socket_that_one_may_not_use_is_told(chance: random.Random, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Asked as nobody: what is forbidden is not forbidden to root."""
    if os.getuid() != 0:
        pytest.skip("becoming nobody takes root")
    path = Path("/tmp") / f"bakeoff-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0)
        try:
            said = _as_nobody(f"unix://{path}")
        finally:
            path.unlink()
    assert said.startswith("PreflightError: a Docker Engine is there, but you may not use its socket"), said


def _as_nobody(address: str) -> str:
    """Ask the product's own words in a child that has given its rights away after importing."""
    code = (
        "import os\n"
        "from orchestrator.engines.docker import connect\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try:\n    connect()\nexcept Exception as error:\n    print(f'{type(error).__name__}: {error}')\n"
    )
    variables = {**os.environ, "DOCKER_HOST": address, "HOME": "/"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


@pytest.mark.row(30)
@pytest.mark.docker
@pytest.mark.repeated(1)
@pytest.mark.parametrize(("version", "named"), [("1.12", "1.24"), ("1.25", "1.25"), ("9.99", "9.99")])
def test_an_engine_of_another_age_is_told(hosts: Hosts, chance: random.Random, version: str, named: str) -> None:
    """Below 1.24 it is the SDK that refuses, and names its own floor."""
    host = hosts("docker")
    with Proxy(api_version=version) as between:
        host.variables["DOCKER_HOST"] = between.url
        refused(host, INFRASTRUCTURE, named, "update Docker")


NAMES = ["../evil", "a/b", "-leading", ".hidden", "x" * 300, "a\x1b[31m", "toy==../1", "toy@-flag"]


@pytest.mark.row(36)
@pytest.mark.repeated(1)
@pytest.mark.parametrize("name", NAMES, ids=[f"name {number}" for number in range(len(NAMES))])
def test_a_name_that_could_be_a_path_is_a_fault_of_usage(hosts: Hosts, chance: random.Random, name: str) -> None:
    host = hosts("process")
    process = host.run(["compare", "--engine", "process", "--", name])
    assert process.code == USAGE, process.said
    assert "\x1b" not in process.said
    assert "Traceback" not in process.said
    assert host.runs() == []


@pytest.mark.row(36)
@pytest.mark.repeated(1)
@pytest.mark.parametrize("name", ["../a", "a/b", "-a", "..", "A B"])
def test_a_recipe_with_such_a_name_too(hosts: Hosts, chance: random.Random, name: str) -> None:
    host = hosts("process")
    words = host.comparison(SCRIPT)
    recipe = host.folder / "a.toml"
    recipe.write_text(recipe.read_text().replace('name = "a"', f'name = "{name}"'))
    process = host.run(words)
    assert process.code == USAGE, process.said
    assert "Traceback" not in process.said
    assert host.runs() == []
