"""The calls and errors of the SDK, in one place: what it adds or leaves out of itself is settled here.

Questions have a short timeout; a connection that fails becomes EngineLostError, a refusal does not.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import IO, Any

from docker import DockerClient
from docker.credentials.errors import StoreError
from docker.errors import APIError, DockerException, NotFound, StreamParseError, create_api_error_from_http_exception
from requests import exceptions
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from orchestrator.engines.engine import EngineLostError

SDK_ERRORS = (DockerException, StoreError, StreamParseError, RequestException, HTTPError, OSError)
"""What the SDK raises at our calls: its own, two that are none of its family, and those of the libraries below it."""

OTHER_SHAPE = (TypeError, KeyError, AttributeError, IndexError, ValueError)
"""What the SDK raises at an answer or a configuration of another shape than it expects."""

REMOVE_WAITS_SECONDS = (0.2, 1.0)
"""How long an engine may be busy with what is to be removed, before it is asked once more."""

_AWAY = (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError, HTTPError, ConnectionError)


def is_away(error: BaseException) -> bool:
    """Tell whether the engine was unreachable: no answer at all, or one that broke off."""
    if isinstance(error, _AWAY):
        return True
    return (
        isinstance(error, DockerException)
        and not isinstance(error, APIError)
        and "Error while fetching server API version" in str(error)
    )


@contextlib.contextmanager
def engine_lost_on_any_error() -> Iterator[None]:
    """Raise EngineLostError instead of whatever the SDK raises: for questions that a working engine does not refuse.

    The block holds such questions alone: an error of Python there is the SDK's, at an answer of another shape.
    """
    try:
        yield
    except SDK_ERRORS as error:
        raise EngineLostError(reason(error)) from error
    except OTHER_SHAPE as error:
        raise EngineLostError(
            f"it does not answer as a Docker Engine does ({type(error).__name__}: {error})"
        ) from error


@contextlib.contextmanager
def engine_lost_if_unreachable() -> Iterator[None]:
    """Raise EngineLostError instead of what the SDK raises where the engine is away."""
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise EngineLostError(short(error)) from error
        raise


def discard(container: Any, out: Any) -> None:
    """Remove a container and its output volume, as far as the engine lets us; None is nothing to remove.

    Podman refuses while it still ends a container, and a volume while its container is there: both pass. What stays all
    the same is removed when the run ends.
    """
    if container is not None:
        _remove(lambda: container.remove(force=True, v=True))  # v: what the image declared as VOLUME
    if out is not None:
        _remove(lambda: out.remove(force=True))


def _remove(remove: Callable[[], None]) -> None:
    for wait_seconds in (*REMOVE_WAITS_SECONDS, None):
        try:
            remove()
        except NotFound:
            return
        except SDK_ERRORS as error:
            if wait_seconds is None or isinstance(error, exceptions.ConnectionError):  # nobody is there
                return
            time.sleep(wait_seconds)
        else:
            return


def create_container(client: DockerClient, image: str, **options: Any) -> Any:
    """Create a container that has the variables of `options` and its image, and no others.

    The SDK would add the proxies of the user's Docker configuration, with the passwords in them.
    """
    return client.containers.create(image, use_config_proxy=False, **options)


def get_image(client: DockerClient, name: str) -> Any:
    """Return an image of the engine. Raises ImageNotFound and the other SDK_ERRORS."""
    try:
        image = client.images.get(name)
        image.attrs["Config"].get("Labels")
    except SDK_ERRORS:
        raise
    except Exception as error:  # the SDK raises that itself, for an answer of another shape
        raise DockerException(f"what the engine answers is no image: {error!r}") from error
    return image


def build(client: DockerClient, context: IO[bytes], **parameters: str) -> Iterator[Mapping[str, Any]]:
    """Have an image built of a packed context, and yield what the engine tells of it. Raises SDK_ERRORS.

    The SDK's own call first asks every credential helper of the user's for all that it knows, to send it along. Here
    the base image is on the engine and nothing is pulled, so no credential is asked for or sent.
    """
    api = client.api
    answer = api.post(
        f"{api.base_url}/v{api.api_version}/build",
        params={"rm": "1", "forcerm": "1", **parameters},
        data=context,
        headers={"Content-Type": "application/x-tar"},
        stream=True,
        timeout=None,  # a step may be silent for minutes
    )
    with answer:
        try:
            answer.raise_for_status()
        except exceptions.HTTPError as error:
            create_api_error_from_http_exception(error)
        # A line's end may come in two pieces, of which `iter_lines` makes an empty line more.
        yield from (_told(line) for line in answer.iter_lines() if line)


def _told(line: bytes) -> Mapping[str, Any]:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError) as error:
        raise DockerException(f"the engine's answer is no JSON object: {line[:80]!r}") from error


SECONDS = 10.0
"""An engine that works answers in milliseconds, one whose disks are busy in a second or two."""


def inspect(client: DockerClient, container_id: str, seconds: float = SECONDS) -> dict[str, Any] | None:
    """Return what the engine knows of a container; None where it knows none. Raises EngineLostError."""
    answer = _get(client, f"containers/{container_id}/json", {}, seconds)
    return None if answer is None else dict(_parsed(answer))


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
    parsed = (_parsed(line) for line in (answer or "").splitlines() if line.strip())
    return [str(event.get("Action", event.get("status", ""))) for event in parsed]


_ONE_SHOT_API = (1, 41)
"""Since then a container's statistics are told at once; Docker 20.10 takes a second all the same."""


def cpu_seconds(client: DockerClient, container_id: str, seconds: float = SECONDS) -> float | None:
    """Return the CPU time of a container's control group; None where the engine does not tell, or not at once."""
    try:
        if tuple(map(int, str(client.api.api_version).split("."))) < _ONE_SHOT_API:
            return None
        answer = _get(client, f"containers/{container_id}/stats", {"stream": "false", "one-shot": "true"}, seconds)
        return None if answer is None else int(_parsed(answer)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
    except (EngineLostError, *OTHER_SHAPE):
        return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:  # a proxy in between may answer in HTML
        raise EngineLostError(f"its answer is no JSON: {text[:80]!r}") from error


def _get(client: DockerClient, path: str, parameters: dict[str, str], seconds: float) -> str | None:
    api = client.api
    try:
        answer = api.get(f"{api.base_url}/v{api.api_version}/{path}", params=parameters, timeout=seconds)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        answer.raise_for_status()
        return str(answer.text)
    except SDK_ERRORS as error:
        raise EngineLostError(short(error)) from error


def reason(error: BaseException) -> str:
    """Say why a call failed: in the engine's own words where it refused."""
    error = error.__cause__ if isinstance(error.__cause__, StoreError) else error  # the SDK quotes it in Python
    return str(getattr(error, "explanation", "") or error) or type(error).__name__


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


def why_not_started(error: Exception) -> str:
    """Say why a container could not be started; of a GPU that cannot be handed to it, what to do."""
    text = reason(error)
    if "could not select device driver" in text or "nvidia" in text.lower():
        return (
            f"the engine cannot hand a GPU to a container ({text}): install the NVIDIA Container Toolkit"
            " on the engine's host, or use --device cpu"
        )
    return text
