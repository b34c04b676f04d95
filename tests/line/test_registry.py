"""A base image from a registry is taken by digest. The registry is a small one of our own: it serves one image."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import shutil
import tarfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.docker import DockerEngine
from orchestrator.errors import PreflightError
from orchestrator.spec.contenders import parse
from tests.support.paths import TOYS

pytestmark = pytest.mark.docker

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Registry:
    """A registry on this machine, which engines ask without TLS, and the one image in it."""

    repository: str
    digest: str  # of the manifest
    layer: str  # "sha256:…" of the unpacked layer


@pytest.fixture
def registry(docker_client: DockerClient) -> Iterator[Registry]:
    name = f"base-{uuid.uuid4().hex[:12]}"
    layer = _layer(name)
    unpacked = _digest(gzip.decompress(layer))
    config = json.dumps(
        {
            "architecture": str(docker_client.version()["Arch"]),
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [unpacked]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described("application/vnd.docker.container.image.v1+json", config),
            "layers": [_described("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
        }
    ).encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(name, manifest, [config, layer]))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    served = Registry(f"127.0.0.1:{server.server_port}/{name}", _digest(manifest), unpacked)
    yield served
    server.shutdown()
    server.server_close()
    for image in docker_client.images.list():
        if any(each.startswith(f"{served.repository}@") for each in image.attrs["RepoDigests"] or []):
            docker_client.images.remove(str(image.id), force=True)


@pytest.fixture
def toy(docker_client: DockerClient, tmp_path: Path) -> Iterator[Path]:
    """A toy of another name, which no other session builds."""
    folder = tmp_path / "images" / f"toy-{uuid.uuid4().hex[:12]}"
    shutil.copytree(TOYS / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("images/toy", f"images/{folder.name}"))
    yield folder
    mine: Any = {"reference": f"bakeoff/{folder.name}"}
    for image in docker_client.images.list(filters=mine):
        docker_client.images.remove(str(image.id), force=True)


@pytest.mark.parametrize("written", ["{0.repository}:1", "{0.repository}:1@{0.digest}"])
def test_an_image_is_built_on_the_digest_and_says_so(
    docker_client: DockerClient, registry: Registry, toy: Path, written: str
) -> None:
    said: list[str] = []
    base = written.format(registry)
    ready = DockerEngine(docker_client, toy.parent, base).prepare(parse(toy.name, toy.parent), "cpu", said.append)
    image = docker_client.images.get(ready.image)
    assert image.labels["org.opencontainers.image.base.name"] == base
    assert image.labels["org.opencontainers.image.base.digest"] == registry.digest
    assert image.attrs["RootFS"]["Layers"][0] == registry.layer
    assert ready.facts["base image"] == f"{registry.repository}@{registry.digest}"
    assert f"pulling {base}" in said
    assert f"{toy.name}: on {registry.repository}@{registry.digest}" in said


def test_another_digest_than_the_registry_has_is_refused(
    docker_client: DockerClient, registry: Registry, toy: Path
) -> None:
    engine = DockerEngine(docker_client, toy.parent, f"{registry.repository}@sha256:{'0' * 64}")
    with pytest.raises(PreflightError, match="cannot get the base image"):
        engine.prepare(parse(toy.name, toy.parent), "cpu", lambda line: None)
    with pytest.raises(ImageNotFound):
        docker_client.images.get(f"{registry.repository}:1")


def _handler(name: str, manifest: bytes, blobs: list[bytes]) -> type[http.server.BaseHTTPRequestHandler]:
    served = {f"/v2/{name}/blobs/{_digest(each)}": (each, "application/octet-stream") for each in blobs}
    served |= {f"/v2/{name}/manifests/{each}": (manifest, _MANIFEST) for each in ("1", _digest(manifest))}
    served["/v2/"] = (b"{}", "application/json")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content, kind = served.get(self.path, (b"{}", ""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 - the server's own naming

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    return Handler


def _layer(name: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("base")
        entry.size = len(name)
        archive.addfile(entry, io.BytesIO(name.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def _described(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
