"""API calls with a short timeout; connection failures become EngineLostError, refusals do not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException
from requests import exceptions
from requests.exceptions import RequestException

from orchestrator.engines.engine import EngineLostError


def is_away(error: BaseException) -> bool:
    """Tell whether the engine was unreachable: no answer at all, or one that broke off."""
    if isinstance(error, (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError)):
        return True
    return (
        isinstance(error, DockerException)
        and not isinstance(error, APIError)
        and "Error while fetching server API version" in str(error)
    )


@contextlib.contextmanager
def engine_lost_on_any_error() -> Iterator[None]:
    """Raise EngineLostError instead of whatever the SDK raises: for questions that a working engine does not refuse."""
    try:
        yield
    except (DockerException, exceptions.RequestException) as error:
        raise EngineLostError(str(error)) from error


@contextlib.contextmanager
def engine_lost_if_unreachable() -> Iterator[None]:
    """Raise EngineLostError instead of what the SDK raises where the engine is away."""
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise EngineLostError(short(error)) from error
        raise


SECONDS = 10.0
"""An engine that works answers in milliseconds, one whose disks are busy in a second or two."""


def inspect(client: DockerClient, container_id: str, seconds: float = SECONDS) -> dict[str, Any] | None:
    """Return what the engine knows of a container; None where it knows none. Raises EngineLostError."""
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
    """Return the kinds of those events, by the engine's clock in Unix seconds. Raises EngineLostError.

    Where `until` has not come yet the engine waits for it, which is a second here.
    """
    filters = json.dumps({"container": [container_id], "event": list(kinds)})
    answer = _get(client, "events", {"since": f"{since:.6f}", "until": f"{until:.6f}", "filters": filters}, seconds)
    parsed = (json.loads(line) for line in (answer or "").splitlines() if line.strip())
    return [str(event.get("Action", event.get("status", ""))) for event in parsed]


def _get(client: DockerClient, path: str, parameters: dict[str, str], seconds: float) -> str | None:
    api = client.api
    try:
        answer = api.get(f"{api.base_url}/v{api.api_version}/{path}", params=parameters, timeout=seconds)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        answer.raise_for_status()
        return str(answer.text)
    except (DockerException, RequestException, OSError) as error:
        raise EngineLostError(short(error)) from error


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
