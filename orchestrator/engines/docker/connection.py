"""Finds the engine, and says which fault it is where none answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

import docker
from docker.context import ContextAPI
from docker.errors import DockerException
from docker.utils import version_lt
from requests.exceptions import RequestException

from orchestrator.engines.docker.context import named_by
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.errors import PreflightError

OLDEST_API = "1.40"
"""Docker 19.03, the first that hands out GPUs by device request. Older ones were never tried."""

_CONNECT_SECONDS = 10

_ANSWER_SECONDS = 60
"""Creating and removing take longer than saying hello. A connection gone dark blocks a question this long."""


def connect(base_image: str = "", *, allow_foreign_image: bool = False) -> DockerEngine:
    """Find the engine that the user's environment or CLI context names; PreflightError says which fault it is."""
    try:
        _check_context(os.environ)
        return _connected(base_image, allow_foreign_image)
    except (DockerException, RequestException) as error:
        raise _unreachable(error, named_by(os.environ)) from error


def _check_context(environment: Mapping[str, str]) -> None:
    """Refuse a context that does not exist: the SDK takes the usual socket instead, and says nothing."""
    named = named_by(environment)
    if named.startswith("the CLI") and ContextAPI.get_context(named.rpartition(" ")[2]) is None:
        raise PreflightError(f"{named} does not exist", "`docker context ls` lists those that do; unset DOCKER_CONTEXT")


def _connected(base_image: str, allow_foreign_image: bool) -> DockerEngine:
    client = docker.from_env(timeout=_CONNECT_SECONDS)
    try:
        _check_api(client.api.api_version)
        engine = DockerEngine(client, base_image=base_image, allow_foreign_image=allow_foreign_image)
    except BaseException:
        client.close()
        raise
    client.api.timeout = _ANSWER_SECONDS
    return engine


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
    return PreflightError(f"no Docker Engine answers{where}: {text}", "check `docker version`, or use --engine process")


def _absent(named: str) -> PreflightError:
    """Nobody listens: the address may be wrong, the engine stopped, or Docker not installed at all."""
    otherwise = "or use --engine process (no isolation)"
    if named.startswith("DOCKER_HOST"):
        return PreflightError(
            f"no Docker Engine answers at {named}", f"start it, or correct or unset DOCKER_HOST, {otherwise}"
        )
    if named:
        return PreflightError(
            f"no Docker Engine answers in {named}", f"start it, or `docker context use default`, {otherwise}"
        )
    if not any(map(shutil.which, ("docker", "dockerd"))):
        return PreflightError("no Docker Engine answers: Docker is not installed here", f"install Docker, {otherwise}")
    return PreflightError(
        "no Docker Engine answers: Docker is installed and does not run",
        f"start Docker (`systemctl start docker`, or Docker Desktop), {otherwise}",
    )
