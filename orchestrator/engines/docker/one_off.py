"""Runs one command in a throw-away container, with a timeout and bounded output."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.errors import APIError

from orchestrator.engines.docker.api import SDK_ERRORS, create_container, reason
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.engine import EngineLostError, StartError

OUTPUT_BYTES = 64 * 2**10
_POLL_SECONDS = 0.05
_ERROR_LINES = 20


@dataclass(frozen=True)
class CommandResult:
    """How a command ended, and what it printed, which is hostile input."""

    code: int | None  # None where it was stopped, being late
    oom_killed: bool
    stdout: bytes  # cut at OUTPUT_BYTES
    stderr: str = ""  # its last lines


def run(
    client: DockerClient, image: str, command: Sequence[str], arguments: Mapping[str, Any], seconds: float
) -> CommandResult:
    """Run a command and remove its container. Raises StartError where it does not start, EngineLostError."""
    container = None
    try:
        container = create_container(client, image, entrypoint=list(command), labels=OWNER_LABELS, **arguments)
        _start(container)
        code = _wait(container, seconds)
        state = container.attrs["State"]
        stdout = _read_bounded(container.logs(stdout=True, stderr=False, stream=True, follow=False))
        stderr = container.logs(stdout=False, stderr=True, tail=_ERROR_LINES)[-OUTPUT_BYTES:]
        return CommandResult(code, bool(state.get("OOMKilled")), stdout, stderr.decode("utf-8", "replace"))
    except SDK_ERRORS as error:
        raise EngineLostError(reason(error)) from error
    finally:
        if container is not None:
            with contextlib.suppress(*SDK_ERRORS):
                container.remove(force=True, v=True)


def _start(container: Any) -> None:
    try:
        container.start()
    except APIError as error:
        raise StartError(reason(error)) from error


def _wait(container: Any, seconds: float) -> int | None:
    """Ask until it has ended: the engine's own wait blocks for ever on a connection that broke without a word.

    Returns the exit code, None where the command is late.
    """
    late = time.monotonic() + seconds
    while time.monotonic() < late:
        container.reload()
        if container.status in ("exited", "dead"):
            return int(container.attrs["State"]["ExitCode"])
        time.sleep(_POLL_SECONDS)
    return None


def _read_bounded(stream: Any) -> bytes:
    read = b""
    try:
        for chunk in stream:
            read += chunk
            if len(read) >= OUTPUT_BYTES:
                break
    finally:
        with contextlib.suppress(*SDK_ERRORS):
            stream.close()
        stream._response.close()  # the SDK leaves the descriptor to the garbage collector
    return read[:OUTPUT_BYTES]
