"""A container's standard input: a connection of its own, which carries lines to the worker and nothing back."""

from __future__ import annotations

import contextlib
import socket
from http import HTTPStatus
from typing import Any

from docker import DockerClient
from docker.errors import APIError

from orchestrator.engines.docker.api import SDK_ERRORS, engine_lost_if_unreachable, short
from orchestrator.engines.engine import EngineLostError

_NOT_RUNNING = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


class StandardInput:
    """Attached when the first line is written, and again where a connection broke.

    Standard output is never attached: a client that stops reading it would freeze the training.
    """

    def __init__(self, client: DockerClient, container_id: str) -> None:
        self._client = client
        self._container_id = container_id
        self._connection: Any = None

    def write(self, line: bytes) -> None:
        """Write one line; a container that has ended hears nothing. Raises EngineLostError."""
        try:
            self._write(line)
        except (OSError, AttributeError, ValueError):  # broken off, by the engine or with the worker's end
            self.close()
            with engine_lost_if_unreachable():
                self._write(line)

    def _write(self, line: bytes) -> None:
        try:
            self._connection = self._connection or self._attach()
            _socket(self._connection).sendall(line)
        except APIError as error:
            if error.status_code not in _NOT_RUNNING:
                raise EngineLostError(short(error)) from error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*SDK_ERRORS, AttributeError):
                _socket(connection).close()
                connection.close()

    def _attach(self) -> Any:
        return self._client.api.attach_socket(
            self._container_id, params={"stdin": 1, "stdout": 0, "stderr": 0, "stream": 1}
        )


def _socket(connection: Any) -> socket.socket:
    """Return what can be written to: the SDK hands out a reader around it where the engine is reached by http."""
    inner: socket.socket = getattr(connection, "_sock", connection)
    return inner
