"""What the SDK is told about a container, without an engine; and what a user is told where none answers."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException

from orchestrator.engines.docker import connect
from orchestrator.engines.docker.connection import _unreachable
from orchestrator.engines.docker.container_options import environment, gpu_request, mounts, restrictions
from orchestrator.errors import PreflightError
from tests.support import engines

UUID = "GPU-3d5e0f6a-0b1c-4d2e-8f3a-9b4c5d6e7f80"

Answer = tuple[int, dict[str, str]]


def test_a_gpu_is_asked_for_by_uuid() -> None:
    [request] = gpu_request(UUID, [])["device_requests"]
    assert request["DeviceIDs"] == [UUID]
    assert request["Capabilities"] == [["gpu", "compute", "utility"]]
    assert request["Driver"] == ""


def test_cdi_is_asked_where_the_engine_lists_this_very_gpu() -> None:
    listed = [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}, {"Source": "cdi", "ID": f"nvidia.com/gpu={UUID}"}]
    [request] = gpu_request(UUID, listed)["device_requests"]
    assert (request["Driver"], request["DeviceIDs"]) == ("cdi", [f"nvidia.com/gpu={UUID}"])


def test_a_cdi_list_without_this_gpu_changes_nothing() -> None:
    listed = [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}, {"Source": "cdi", "ID": "nvidia.com/gpu=GPU-other"}]
    assert gpu_request(UUID, listed) == gpu_request(UUID, [])


def test_nothing_is_privileged_and_no_right_is_kept() -> None:
    told = restrictions(2**30)
    assert (told["user"], told["read_only"], told["cap_drop"]) == ("10001:10001", True, ["ALL"])
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["network_mode"] == "none"
    assert not {"privileged", "cap_add", "devices", "auto_remove", "pid_mode"} & told.keys()


def test_swap_is_no_way_around_the_memory_limit() -> None:
    told = restrictions(2**30)
    assert told["mem_limit"] == told["memswap_limit"] == 2**30


def test_no_path_of_the_host_is_mounted() -> None:
    told = mounts("the-data", "the-out")
    assert [(mount["Type"], mount["Source"], mount["Target"], mount["ReadOnly"]) for mount in told] == [
        ("volume", "the-data", "/data", True),
        ("volume", "the-out", "/out", False),
    ]


def test_a_worker_is_told_where_data_and_output_lie() -> None:
    told = environment({"BAKEOFF_TRIAL": "{}"})
    assert (told["BAKEOFF_DATA"], told["BAKEOFF_OUT"], told["BAKEOFF_TRIAL"]) == ("/data", "/out", "{}")


def test_a_missing_socket_is_told_as_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = _refused(f"unix://{tmp_path}/none.sock", monkeypatch)
    assert refused.message == f"no Docker Engine answers at DOCKER_HOST=unix://{tmp_path}/none.sock"
    assert "unset DOCKER_HOST" in refused.remedy


def test_a_closed_port_is_told_as_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert _refused(f"tcp://127.0.0.1:{port}", monkeypatch).message.startswith("no Docker Engine answers at")


def test_a_context_whose_engine_is_away_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _context(tmp_path, monkeypatch, "far", f"unix://{tmp_path}/none.sock")
    refused = _refused("", monkeypatch)
    assert refused.message == "no Docker Engine answers in the CLI context far"
    assert "docker context use default" in refused.remedy


def test_a_context_that_does_not_exist_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    refused = _refused("", monkeypatch)
    assert refused.message == "the CLI context nowhere does not exist"
    assert "docker context ls" in refused.remedy


@pytest.mark.parametrize(("installed", "told"), [(True, "does not run"), (False, "is not installed here")])
def test_an_engine_that_is_not_installed_is_told_from_one_that_does_not_run(
    installed: bool, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.engines.docker.connection.shutil.which", lambda name: name if installed else None)
    assert told in _unreachable(DockerException("FileNotFoundError(2, 'No such file or directory')"), "").message


def test_an_engine_older_than_any_that_was_tried_is_told_as_too_old(
    serve: Callable[[dict[str, Answer]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = _refused(serve({"/version": (200, {"ApiVersion": "1.39"})}), monkeypatch)
    assert refused.message == "the Docker Engine speaks API 1.39, bakeoff needs 1.40 (Docker 19.03) or newer"
    assert refused.remedy == "update Docker"


def test_a_socket_that_may_not_be_used_is_told_as_a_matter_of_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody: None
) -> None:
    refused = _refused(f"unix://{tmp_path}/engine.sock", monkeypatch)
    assert refused.message == "a Docker Engine is there, but you may not use its socket"
    assert "docker` group" in refused.remedy


@pytest.mark.parametrize(
    "answers",
    [
        {"/version": (200, {"ApiVersion": "1.12"})},
        {"/version": (200, {"ApiVersion": "1.52"}), "/info": (400, {"message": "client version 1.52 is too new"})},
    ],
    ids=["too old for the SDK", "refused by the engine"],
)
def test_another_api_is_told_as_a_matter_of_versions(
    answers: dict[str, Answer], serve: Callable[[dict[str, Answer]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = _refused(serve(answers), monkeypatch)
    assert refused.message.startswith("the Docker Engine speaks another API version")
    assert refused.remedy == "update Docker"


def test_without_an_engine_the_suite_skips_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "BAKEOFF_REQUIRE_DOCKER"):
        monkeypatch.delenv(name, raising=False)
    assert "no Docker Engine answers" in _outcome(tmp_path, monkeypatch, pytest.skip.Exception)


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("BAKEOFF_REQUIRE_DOCKER", "1")])
def test_where_an_engine_must_be_there_its_absence_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "No such file" in _outcome(tmp_path, monkeypatch, pytest.fail.Exception)


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """Be a user without rights, in front of a socket that somebody else listens on."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "engine.sock"))
        listening.listen()
        (tmp_path / "engine.sock").chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, Answer]], str]]:
    """Play an engine that knows a few paths by heart."""
    servers: list[http.server.HTTPServer] = []

    def start(answers: dict[str, Answer]) -> str:
        server = http.server.HTTPServer(("127.0.0.1", 0), _handler(answers))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"tcp://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _handler(answers: dict[str, Answer]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = next((path for path in answers if self.path.endswith(path)), "")
            status, document = answers.get(path, (404, {"message": "page not found"}))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    return Handler


def _outcome(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]) -> str:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    told = ""
    try:
        engines.client_or_skip()
    except kind as outcome:
        told = str(outcome)
    return told


def _context(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    """Make a context of the CLI, as `docker context create` and `use` leave it."""
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    document = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(document))
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))


def _refused(host: str, monkeypatch: pytest.MonkeyPatch) -> PreflightError:
    """Connect by DOCKER_HOST, or as the CLI's context says where `host` is "", and return why that failed."""
    monkeypatch.setenv("DOCKER_HOST", host)
    if not host:
        monkeypatch.delenv("DOCKER_HOST")
    try:
        connect()
    except PreflightError as error:
        refused = PreflightError(error.message, error.remedy)
    engines.sweep()
    return refused
