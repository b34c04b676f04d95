"""Tells an engine that is away from one that says no."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from docker.errors import APIError, DockerException
from requests import exceptions

from orchestrator.docker_engine.questions import short
from orchestrator.engine import EngineLost


def is_away(error: BaseException) -> bool:
    """Tell whether the engine was not to be had: no answer at all, or one that broke off."""
    if isinstance(error, (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError)):
        return True
    return (
        isinstance(error, DockerException)
        and not isinstance(error, APIError)
        and "Error while fetching server API version" in str(error)
    )


@contextlib.contextmanager
def lost_where_refused() -> Iterator[None]:
    """Raise EngineLost instead of whatever the SDK raises: for questions that a working engine does not refuse."""
    try:
        yield
    except (DockerException, exceptions.RequestException) as error:
        raise EngineLost(str(error)) from error


@contextlib.contextmanager
def lost_where_away() -> Iterator[None]:
    """Raise EngineLost instead of what the SDK raises where the engine is away."""
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise EngineLost(short(error)) from error
        raise
