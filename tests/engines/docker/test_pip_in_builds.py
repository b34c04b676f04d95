"""The user's pip configuration reaches a build, and its credentials stay nowhere: with a real engine, pip and index.

The index runs within the build's own step and asks for a password of which it knows the hash alone.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from orchestrator.engines.docker.one_off import run
from orchestrator.engines.engine import PrepareError
from orchestrator.engines.install import pip_configuration
from orchestrator.spec.contenders import parse
from tests.support import engines
from tests.support.paths import TOYS
from tests.support.traces import traces

pytestmark = pytest.mark.docker

PASSWORD = "s3cret-of-the-index"
INDEX = """
import base64, hashlib, http.server, io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as wheel:
    wheel.writestr("gadget.py", "NAME = 'gadget'")
    wheel.writestr("gadget-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: gadget\\nVersion: 1.0\\n")
    wheel.writestr("gadget-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("gadget-1.0.dist-info/RECORD", "")
class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        given = hashlib.sha256(self.headers.get("Authorization", "").encode()).hexdigest()
        page = b'<a href="gadget-1.0-py3-none-any.whl">gadget-1.0-py3-none-any.whl</a>'
        content = packed.getvalue() if self.path.endswith(".whl") else page
        self.send_response(200 if given == "HASH" else 401)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
http.server.ThreadingHTTPServer(("127.0.0.1", 8399), Index).serve_forever()
"""
DOCKERFILE = """ARG BASE_IMAGE
FROM ${BASE_IMAGE}
LABEL toy=NAME
ARG VERSION=1.0
ARG VARIANT=cpu
ARG EXTRAS=
ARG INDEX=
ARG PINS=
RUN python3 -m venv /opt/venv
COPY images/install.sh images/pip-config.sh images/pip-cert.pe[m] images/NAME/*.in images/NAME/index.py /build/
RUN python3 /build/index.py & sleep 2; sh /build/install.sh /opt/venv /build/requirements.in /build/none /build/none
ENTRYPOINT ["/opt/venv/bin/python", "-m", "images.NAME.worker"]
"""


@pytest.fixture
def toy(docker_client: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A contender that needs one package of a private index; its images are removed again."""
    name = f"toy-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "images" / name
    shutil.copytree(TOYS / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    header = "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    (folder / "index.py").write_text(INDEX.replace("HASH", hashlib.sha256(header.encode()).hexdigest()))
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("NAME", name))
    (folder / "requirements.in").write_text("gadget==${VERSION}\n")
    for variable in ("PIP_FIND_LINKS", "PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    yield folder
    mine: Any = {"label": f"toy={name}"}
    for image in sorted(docker_client.images.list(filters=mine), key=lambda image: not image.tags):
        docker_client.images.remove(str(image.id), force=True)


@pytest.mark.slow  # a build through an index of its own; the process engine has the short one
def test_the_index_of_the_users_configuration_is_used_and_its_password_stays_nowhere(
    docker_client: DockerClient, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = http://alice:{PASSWORD}@127.0.0.1:8399/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    argument = pip_configuration.read().argument["FTP_PROXY"]
    said: list[str] = []
    engine = engines.docker_engine(docker_client, images=toy.parent)
    image = engine.prepare(parse(toy.name, toy.parent), "cpu", said.append).image
    done = run(docker_client, image, ["/opt/venv/bin/python", "-c", "import gadget; print(gadget.NAME)"], {}, 60.0)
    assert done.stdout == b"gadget\n"
    assert PASSWORD not in "\n".join(said)
    assert traces(docker_client, f"toy={toy.name}", image, PASSWORD, argument, argument[20:60]) == []


@pytest.mark.slow  # a second build of the same way
def test_a_wrong_password_is_told_by_its_cause_and_stands_in_no_log(
    docker_client: DockerClient, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://alice:an0ther@127.0.0.1:8399/simple")
    said: list[str] = []
    engine = engines.docker_engine(docker_client, images=toy.parent, logs=tmp_path / "logs")
    with pytest.raises(PrepareError) as refused:
        engine.prepare(parse(toy.name, toy.parent), "cpu", said.append)
    assert str(refused.value).startswith("the index wants other credentials: ")
    assert "PIP_INDEX_URL" in refused.value.remedy
    [log] = (tmp_path / "logs").iterdir()
    assert str(log) in str(refused.value)
    assert "Successfully built" not in log.read_text()
    assert "an0ther" not in "\n".join([log.read_text(), str(refused.value), *refused.value.lines, *said])
