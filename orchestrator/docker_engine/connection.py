"""Finds the engine, and says which fault it is where none answers."""

from __future__ import annotations

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.docker_engine.engine import DockerEngine
from orchestrator.errors import PreflightError

_CONNECT_SECONDS = 10

_ANSWER_SECONDS = 60
"""Creating and removing take longer than saying hello. A connection gone dark blocks a question this long."""


def connect(base_image: str = "") -> DockerEngine:
    """Find the engine that the user's environment or CLI context names; PreflightError says which fault it is."""
    try:
        return _connected(base_image)
    except (DockerException, RequestException) as error:
        raise _unreachable(error) from error


def _connected(base_image: str) -> DockerEngine:
    client = docker.from_env(timeout=_CONNECT_SECONDS)
    try:
        engine = DockerEngine(client, base_image=base_image)
    except BaseException:
        client.close()
        raise
    client.api.timeout = _ANSWER_SECONDS
    return engine


def _unreachable(error: Exception) -> PreflightError:
    """Tell the three usual faults apart; the SDK wraps them all in one exception."""
    text = str(error)
    if "Permission denied" in text:
        return PreflightError(
            "a Docker Engine is there, but you may not use its socket",
            "add yourself to the `docker` group and log in again, or use --engine process",
        )
    if "No such file" in text or "Connection refused" in text:
        return PreflightError(
            "no Docker Engine answers", "start Docker, set DOCKER_HOST, or use --engine process (no isolation)"
        )
    if "too new" in text or "too old" in text or "API versions below" in text:
        return PreflightError(f"the Docker Engine speaks another API version: {text}", "update Docker")
    return PreflightError(f"no Docker Engine answers: {text}", "check `docker version`, or use --engine process")
