"""Pulls a ready image: tried again where the network failed, given up at once where the answer was no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from docker import DockerClient
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from orchestrator.engines.docker.api import is_away
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
            return client.images.pull(image)
        except (DockerException, RequestException) as error:
            if is_away(error):
                raise EngineLostError(str(error)) from error
            raise

    try:
        return retry.some_times(attempt, f"pulling {image}", _passes, waits_seconds), tuple(retry.kept)
    except APIError as error:
        name, passes = fault(_text(error))
        times = f" after {len(waits_seconds) + 1} tries" if passes and waits_seconds else ""
        raise PrepareError(f"cannot pull {image}{times} ({name}): {_text(error)}") from error


def _passes(error: Exception) -> str:
    name, passes = fault(_text(error)) if isinstance(error, APIError) else ("", False)
    return name if passes else ""


def _text(error: APIError) -> str:
    return str(error.explanation or error)
