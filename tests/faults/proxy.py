"""A proxy between the host and the real engine, on which connections can be broken in every way. Needs no root."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import threading
from pathlib import Path
from typing import Self

_CHUNK_BYTES = 64 * 1024
_WAIT_SECONDS = 0.05
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time to linger: close() sends RST
_VERSION = re.compile(rb'"ApiVersion":"\d\.\d\d"')


def engine_address() -> str:
    """Return where the engine under test listens: a path of a socket, or host:port."""
    named = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    return named.removeprefix("unix://").removeprefix("tcp://")


class Proxy:
    """Listens on a free port of this machine, and passes bytes both ways until it is told otherwise."""

    def __init__(self, upstream: str = "", *, api_version: str = "") -> None:
        self._upstream = upstream or engine_address()
        self._api_version = api_version.encode()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._dark = threading.Event()
        self._listener: socket.socket | None = None
        self.port = 0
        self.accept()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Take connections, again on the port of before."""
        self._dark.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._take, args=(self._listener,), daemon=True).start()

    def finish(self) -> None:
        """End every connection with FIN, as an engine that shuts down."""
        for pair in self._taken():
            for end in pair:
                _end(end, socket.SHUT_RDWR)

    def reset(self) -> None:
        """End every connection with RST, as a firewall that forgot it."""
        for client, engine in self._taken():
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # Reading ends first, and sends nothing: a socket that a thread reads from is not reset by close().
            _end(client, socket.SHUT_RD)
            _end(engine, socket.SHUT_RDWR)

    def refuse(self) -> None:
        """End every connection and take no new one."""
        if self._listener is not None:
            # close() alone would leave the port open until accept() returns.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.finish()

    def darken(self) -> None:
        """Pass nothing on and close nothing, as where a cable was pulled: whoever waits for an answer waits on."""
        self._dark.set()

    def lighten(self) -> None:
        """Pass bytes on again; connections whose bytes were swallowed never come back."""
        self._dark.clear()

    def close(self) -> None:
        self.refuse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _taken(self) -> list[tuple[socket.socket, socket.socket]]:
        taken, self._pairs = self._pairs, []
        return taken

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                engine = self._connected()
            except OSError:
                client.close()
                continue
            pair = (client, engine)
            self._pairs.append(pair)
            for source, sink, answers in ((client, engine, False), (engine, client, True)):
                threading.Thread(target=self._pass, args=(source, sink, answers), daemon=True).start()

    def _connected(self) -> socket.socket:
        if not self._upstream.startswith("/"):
            host, _, port = self._upstream.rpartition(":")
            return socket.create_connection((host, int(port)))
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(str(Path(self._upstream)))
        return engine

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                if self._dark.is_set():
                    return  # swallowed, and the connection is left open
                if answers and self._api_version:
                    chunk = _VERSION.sub(b'"ApiVersion":"%s"' % self._api_version, chunk)
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)


def _end(connection: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(how)
    connection.close()
