"""Finds the engine, and says which fault it is where none answers."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.context import ContextAPI
from docker.errors import DockerException, InvalidConfigFile
from docker.transport import UnixHTTPAdapter
from docker.utils import version_lt
from requests.exceptions import RequestException

from orchestrator.engines.docker import configuration, ssh_faults
from orchestrator.engines.docker.api import OTHER_SHAPE, SDK_ERRORS
from orchestrator.engines.docker.cli_context import address_in, named_by
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.ssh_tunnel import SshTunnel, parse_address
from orchestrator.errors import PreflightError

OLDEST_API = "1.40"
"""Docker 19.03, the first that hands out GPUs by device request. Older ones were never tried."""

_CONNECT_SECONDS = 10

_ANSWER_SECONDS = 60
"""Creating and removing take longer than saying hello. A connection gone dark blocks a question this long."""


def connect(base_image: str = "", *, allow_foreign_image: bool = False, logs: Path | None = None) -> DockerEngine:
    """Find the engine that the user's environment or CLI context names; PreflightError says which fault it is.

    `logs` is a folder for the logs of builds that fail.
    """
    configuration.read(os.environ)
    try:
        _check_context(os.environ)
        return _connected(base_image, allow_foreign_image, logs)
    except SDK_ERRORS as error:
        raise _unreachable(error, named_by(os.environ)) from error


def _check_context(environment: Mapping[str, str]) -> None:
    """Refuse a context that does not exist: the SDK takes the usual socket instead, and says nothing."""
    named = named_by(environment)
    if named.startswith("the CLI") and not _is_context(named):
        raise PreflightError(f"{named} does not exist", "`docker context ls` lists those that do; unset DOCKER_CONTEXT")


def _is_context(named: str) -> bool:
    """Tell whether the SDK finds a context of that name; it raises whatever a damaged one makes it."""
    try:
        return ContextAPI.get_context(named.rpartition(" ")[2]) is not None
    except Exception as error:
        raise PreflightError(
            f"{named} is damaged: {type(error).__name__}: {error}",
            "`docker context rm` it and make it again, or unset DOCKER_CONTEXT and `docker context use default`",
        ) from error


def _connected(base_image: str, allow_foreign_image: bool, logs: Path | None) -> DockerEngine:
    client = _opened()
    try:
        _check_api(client.api.api_version)
        engine = DockerEngine(
            client,
            base_image=base_image,
            allow_foreign_image=allow_foreign_image,
            logs=logs,
            address=_behind_ssh(os.environ),
        )
    except OTHER_SHAPE as error:
        client.close()
        if isinstance(error, SDK_ERRORS):
            raise
        raise DockerException(f"what answers is no Docker Engine: {error!r}") from error
    except BaseException:
        client.close()
        raise
    client.api.timeout = _ANSWER_SECONDS
    return engine


def _opened() -> DockerClient:
    """Open the SDK's client, which reads Docker's configuration and the environment, and asks for the version."""
    try:
        return connected_client(os.environ)
    except RequestException:
        raise
    except (InvalidConfigFile, *OTHER_SHAPE) as error:
        raise PreflightError(
            f"Docker's configuration or environment cannot be used: {type(error).__name__}: {error}",
            "correct ~/.docker/config.json (DOCKER_CONFIG names its folder) and the variables DOCKER_…",
        ) from error


def connected_client(environment: Mapping[str, str]) -> DockerClient:
    """Connect to the engine that the environment or its CLI context names, through the system's ssh where it says so.

    Raises PreflightError where ssh fails, and what the SDK raises elsewhere.
    """
    if url := _behind_ssh(environment):
        return _through_ssh(url, named_by(environment))
    return docker.from_env(timeout=_CONNECT_SECONDS)


def _behind_ssh(environment: Mapping[str, str]) -> str:
    """Return the engine's address where it is one for ssh, else ""."""
    address = address_in(environment)
    return address if address.startswith("ssh:") else ""


def _through_ssh(url: str, named: str) -> DockerClient:
    address = parse_address(url)
    if address is None:
        raise ssh_faults.not_an_address(named)
    tunnel = SshTunnel(address)
    try:
        client = DockerClient(base_url=f"unix://{tunnel.path}", timeout=_CONNECT_SECONDS)
    except SDK_ERRORS as error:
        end = tunnel.end()
        tunnel.close()
        raise ssh_faults.unreachable(address, end, error, named) from error
    weakref.finalize(client, tunnel.close)
    client.api.mount("http+docker://", _FewConnections(str(tunnel.path), _CONNECT_SECONDS))
    return client


class _FewConnections(UnixHTTPAdapter):
    """Uses a connection again whatever it was opened for: the SDK opens one for each path, and each costs a login."""

    def get_connection(self, url: bytes | str, proxies: Mapping[str, str] | None = None) -> Any:  # noqa: ARG002
        return super().get_connection("http+docker://localhost")


def _check_api(version: str) -> None:
    if version_lt(version, OLDEST_API):
        raise PreflightError(
            f"the Docker Engine speaks API {version}, bakeoff needs {OLDEST_API} (Docker 19.03) or newer",
            "update Docker",
        )


def _unreachable(error: Exception, named: str) -> PreflightError:
    """Tell the usual faults apart; the SDK wraps them all in one exception."""
    text = str(error)
    if "Permission denied" in text:
        return PreflightError(
            "a Docker Engine is there, but you may not use its socket",
            "add yourself to the `docker` group and log in again, or use --engine process",
        )
    if "No such file" in text or "Connection refused" in text:
        return _absent(named)
    if "too new" in text or "too old" in text or "API versions below" in text:
        return PreflightError(f"the Docker Engine speaks another API version: {text}", "update Docker")
    where = f" at {named}" if named else ""
    return PreflightError(f"no Docker Engine answers{where}: {text}", f"{_way_out(named)}, or use --engine process")


def _absent(named: str) -> PreflightError:
    """Nobody listens: the address may be wrong, the engine stopped, or Docker not installed at all."""
    otherwise = "or use --engine process (no isolation)"
    if named:
        where = f"at {named}" if named.startswith("DOCKER_HOST") else f"in {named}"
        return PreflightError(f"no Docker Engine answers {where}", f"start it, or {_way_out(named)}, {otherwise}")
    if not any(map(shutil.which, ("docker", "dockerd"))):
        return PreflightError("no Docker Engine answers: Docker is not installed here", f"install Docker, {otherwise}")
    return PreflightError(
        "no Docker Engine answers: Docker is installed and does not run",
        f"start Docker (`systemctl start docker`, or Docker Desktop), {otherwise}",
    )


def _way_out(named: str) -> str:
    """Say how to get away from what leads to the engine: no command that may work where we do not."""
    if named.startswith("DOCKER_HOST"):
        return "correct or unset DOCKER_HOST"
    return "`docker context use default`" if named else "restart Docker"
