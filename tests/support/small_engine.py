"""A server in front of the real engine that plays a smaller machine, or another one than this.

It rewrites three things and passes all else on as it is: how many CPUs the engine says it has, the quota with which
containers are created, and, to play another machine, the kernel's boot id wherever an answer holds it.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from tests.faults.proxy import engine_address

OTHER_BOOT = "00000000-0000-4000-8000-000000000000"
_CHUNK_BYTES = 64 * 1024


class SmallEngine:
    """Answers on a free port of this machine: `cpus` of `docker info`, and `quota` cores for every container."""

    def __init__(self, cpus: int, quota: float, *, elsewhere: bool = False) -> None:
        self.cpus = cpus
        self.quota = quota
        self.boot = boot_id() if elsewhere else ""
        self.engine = engine_address()  # now: later DOCKER_HOST may name this server

        class Handler(_Handler):
            small = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class _Handler(BaseHTTPRequestHandler):
    small: SmallEngine
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that the base class calls

    def log_message(self, *_: object) -> None:
        """Print nothing: the tests have nobody to read it."""

    def _pass_on(self) -> None:
        self.close_connection = True
        body = self._shrunk(self._body())
        engine = _Engine(self.small.engine)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_A_CONNECTION}
        engine.request(self.command, self.path, body, {**headers, "Connection": "close"})
        answer = engine.getresponse()
        try:
            self._answer(answer)
        except OSError:
            pass  # who asked has gone
        finally:
            engine.close()

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        told = self._retold(answer.read()) if self.path.endswith("/info") else None
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_A_CONNECTION:
                self.send_header(name, value)
        self.send_header("Connection", "close")  # which ends the answer, however long it is
        self.end_headers()
        if told is not None:
            self.wfile.write(told)
        while self.command != "HEAD" and (chunk := answer.read1(_CHUNK_BYTES)):
            self.wfile.write(chunk.replace(self.small.boot.encode(), OTHER_BOOT.encode()) if self.small.boot else chunk)
            self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _shrunk(self, body: bytes) -> bytes:
        if "/containers/create" not in self.path:
            return body
        asked = json.loads(body)
        asked["HostConfig"]["NanoCpus"] = int(self.small.quota * 1e9)
        return json.dumps(asked).encode()

    def _retold(self, answer: bytes) -> bytes:
        return json.dumps({**json.loads(answer), "NCPU": self.small.cpus}).encode()


_OF_A_CONNECTION = ("connection", "content-length", "transfer-encoding", "upgrade")


class _Engine(http.client.HTTPConnection):
    """A connection to the real engine, by its socket or its port."""

    def __init__(self, address: str) -> None:
        host, _, port = ("localhost", "", "80") if address.startswith("/") else address.rpartition(":")
        super().__init__(host, int(port))
        self._path = address if address.startswith("/") else ""

    def connect(self) -> None:
        if not self._path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)
