"""Questions to the engine that must not take long: a connection gone dark blocks the SDK's own for a minute."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from docker import DockerClient
from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.engine import EngineLost

SECONDS = 10.0
"""An engine that works answers in milliseconds, one whose disks are busy in a second or two."""


def inspect(client: DockerClient, container_id: str, seconds: float = SECONDS) -> dict[str, Any] | None:
    """Return what the engine knows of a container; None where it knows none. Raises EngineLost."""
    answer = _get(client, f"containers/{container_id}/json", {}, seconds)
    return None if answer is None else dict(json.loads(answer))


def events(
    client: DockerClient,
    container_id: str,
    kinds: tuple[str, ...],
    since: float,
    until: float,
    seconds: float = SECONDS,
) -> list[str]:
    """Return the kinds of those events, by the engine's clock in Unix seconds. Raises EngineLost.

    Where `until` has not come yet the engine waits for it, which is a second here.
    """
    filters = json.dumps({"container": [container_id], "event": list(kinds)})
    answer = _get(client, "events", {"since": f"{since:.6f}", "until": f"{until:.6f}", "filters": filters}, seconds)
    told = (json.loads(line) for line in (answer or "").splitlines() if line.strip())
    return [str(event.get("Action", event.get("status", ""))) for event in told]


def _get(client: DockerClient, path: str, parameters: dict[str, str], seconds: float) -> str | None:
    api = client.api
    try:
        answer = api.get(f"{api.base_url}/v{api.api_version}/{path}", params=parameters, timeout=seconds)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        answer.raise_for_status()
        return str(answer.text)
    except (DockerException, RequestException, OSError) as error:
        raise EngineLost(short(error)) from error


def short(error: BaseException) -> str:
    """Say what is wrong with a connection in a few words; the SDK nests the reason in its own."""
    text = str(error)
    for sign, words in (
        ("Connection refused", "connection refused"),
        ("No such file", "its socket is gone"),
        ("Connection reset", "connection reset"),
        ("timed out", "no answer in time"),
        ("Connection aborted", "connection broken off"),
    ):
        if sign in text:
            return words
    return text[:200]
