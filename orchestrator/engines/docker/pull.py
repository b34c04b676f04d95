"""Pulls a ready image: tried again where the network failed, given up at once where the answer was no."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from docker import DockerClient
from docker.credentials.errors import StoreError
from docker.errors import APIError, DockerException
from docker.utils import parse_repository_tag

from orchestrator.engines.docker.api import SDK_ERRORS, is_away, reason
from orchestrator.engines.engine import EngineLostError, PrepareError
from orchestrator.engines.retry import Retry
from orchestrator.values import Say

PULL_WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0)

_FINAL = (
    ("wrong platform", r"platform|no match(?:ing manifest)? for|exec format"),
    ("not found", r"not found|manifest unknown|name unknown|no such image|repository does not exist"),
    ("denied", r"denied|unauthorized|forbidden|authentication required"),
)
_PASSING = (
    ("rate limit", r"429|toomanyrequests|too many requests|rate limit"),
    ("connection refused", r"connection refused"),
    ("connection reset", r"connection reset|broken pipe|unexpected EOF"),
    ("no answer in time", r"i/o timeout|TLS handshake timeout|timeout exceeded|Client\.Timeout"),
    ("name not resolved", r"no such host|temporary failure in name resolution|server misbehaving"),
    ("TLS failure", r"\btls:|x509:|certificate"),
    ("network unreachable", r"network is unreachable|no route to host|dial tcp"),
    ("registry failure", r"\b50[0234]\b|bad gateway|service unavailable|gateway timeout"),
)
"""Class and pattern, the first that matches. Registries answer 404 to strangers, so a denial often stands beside."""


def fault(text: str) -> tuple[str, bool]:
    """Return the class of a failed pull and whether it may pass; ("unknown", False) for a text not known.

    What passes comes second to what does not, except for a rate limit, which some registries call a denial.
    """
    limited, *passing = _PASSING
    for kinds, passes in (((limited,), True), (_FINAL, False), (passing, True)):
        for name, pattern in kinds:
            if re.search(pattern, text, re.IGNORECASE):
                return name, passes
    return "unknown", False


def pull(
    client: DockerClient, image: str, say: Say, waits_seconds: Sequence[float] = PULL_WAITS_SECONDS
) -> tuple[Any, tuple[str, ...]]:
    """Return the image and what was tried again. Raises PrepareError with the class of the fault, EngineLostError."""
    retry = Retry(say)

    def attempt() -> Any:
        try:
            with _no_warnings():
                return _pull(client, image)
        except SDK_ERRORS as error:
            if is_away(error):
                raise EngineLostError(str(error)) from error
            raise
        except (ValueError, KeyError, TypeError) as error:  # the SDK reads what a credential helper printed
            raise StoreError(f"what the helper printed for {image} is no credential: {error!r}") from error

    try:
        return retry.some_times(attempt, f"pulling {image}", _passes, waits_seconds), tuple(retry.kept)
    except APIError as error:
        name, passes = fault(reason(error))
        times = f" after {len(waits_seconds) + 1} tries" if passes and waits_seconds else ""
        raise PrepareError(f"cannot pull {image}{times} ({name}): {reason(error)}") from error
    except SDK_ERRORS as error:
        raise _refused(image, error) from error


def _pull(client: DockerClient, image: str) -> Any:
    """Pull and return an image. Raises APIError with the engine's words also where a pull fails midway.

    The SDK's own `images.pull` does not read what the engine says of it: an image of which half has come is told as one
    that is not found.
    """
    repository, tag = parse_repository_tag(image)
    for line in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
        if isinstance(line, dict) and line.get("error"):
            raise APIError(f"pulling {image} failed midway", explanation=str(line["error"]))
    return client.images.get(image)


def registry_fault(client: DockerClient, image: str) -> str:
    """Have the engine ask the registry for an image, and return why it cannot be pulled, "" where it can.

    Nothing is pulled. Raises EngineLostError.
    """
    try:
        with _no_warnings():
            client.images.get_registry_data(image)
    except SDK_ERRORS as error:
        if is_away(error):
            raise EngineLostError(str(error)) from error
        return reason(error) if isinstance(error, APIError) else str(_refused(image, error))
    except (ValueError, KeyError, TypeError) as error:
        return f"what Docker's credential helper printed is no credential: {error!r}"
    return ""


def _no_warnings() -> AbstractContextManager[object]:
    """Keep the SDK from warning in Python's words of a credential helper that is missing: it raises too."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)


def _refused(image: str, error: BaseException) -> PrepareError:
    """Tell of a pull that did not reach the engine: Docker asks a helper for credentials before it."""
    if not isinstance(error, StoreError | DockerException):
        return PrepareError(f"cannot pull {image}: {reason(error)}")
    return PrepareError(
        f"cannot pull {image}: no credentials could be had: {reason(error)}",
        "install the helper that `credsStore` or `credHelpers` of Docker's config.json names, or remove the entry;"
        " a folder with `{}` as its config.json, named by DOCKER_CONFIG, asks no helper",
    )


def _passes(error: Exception) -> str:
    name, passes = fault(reason(error)) if isinstance(error, APIError) else ("", False)
    return name if passes else ""
