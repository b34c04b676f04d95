"""One container: its live feed, its end, what it left."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from orchestrator.docker_engine.volumes import MemberRefused, read_member
from orchestrator.engine import OUT_FILE_LIMIT_BYTES, STDERR_LIMIT_BYTES, EngineLost, Exit, Leftovers

STOP_SECONDS = 10
_OVERLAP_SECONDS = 2.0  # re-read a little rather than lose a line: `seq` removes what comes twice
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z ")
_GONE = (DockerException, RequestException, OSError)


class DockerWorker:
    """A started container and its output volume; leaving the `with` block removes both."""

    def __init__(self, client: DockerClient, container: Any, out: Any) -> None:
        self._client = client
        self._container = container
        self._out = out
        self._read_until: float | None = None  # the engine's clock, from the log's own stamps
        self._stopped = False
        self._stream: Any = None

    def chunks(self) -> Iterator[bytes]:
        """Follow standard output through the engine's log, never by attaching.

        A client that attaches and stops reading freezes the training; a log reader cannot.
        """
        self._close_stream()
        since = None if self._read_until is None else max(0.0, self._read_until - _OVERLAP_SECONDS)
        try:
            self._stream = self._container.logs(
                stream=True, follow=True, stdout=True, stderr=False, timestamps=True, since=since
            )
            for entry in self._stream:
                yield self._unstamped(entry)
        except _GONE as error:
            raise EngineLost(str(error)) from error

    def poll(self) -> Exit | None:
        try:
            self._container.reload()
        except NotFound:
            return Exit(code=-1, removed=True)
        except _GONE as error:
            raise EngineLost(str(error)) from error
        state = self._container.attrs["State"]
        if state["Status"] not in ("exited", "dead"):
            return None
        killed = not self._stopped and self._was_killed()
        return Exit(int(state["ExitCode"]), bool(state.get("OOMKilled")), killed)

    def stop(self) -> None:
        self._stopped = True
        with contextlib.suppress(*_GONE):
            self._container.stop(timeout=STOP_SECONDS)

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        files, refused = {}, []
        for name in names:
            try:
                content = read_member(self._container, f"/out/{name}", OUT_FILE_LIMIT_BYTES)
                if content is not None:
                    files[name] = content
            except MemberRefused as refusal:
                refused.append(f"{name}: {refusal}")
            except _GONE as error:
                refused.append(f"{name}: {error}")
        return Leftovers(files, self._stderr(), tuple(refused))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_stream()
        with contextlib.suppress(*_GONE):
            self._container.remove(force=True)
        with contextlib.suppress(*_GONE):
            self._out.remove(force=True)

    def _unstamped(self, entry: bytes) -> bytes:
        match = _STAMP.match(entry)
        if match is None:
            return entry
        whole = datetime.fromisoformat(match[1].decode()).replace(tzinfo=UTC).timestamp()
        self._read_until = whole + float(b"0." + (match[2] or b"0"))
        return entry[match.end() :]

    def _was_killed(self) -> bool:
        """Ask the engine whether somebody sent a signal: exit code 137 alone does not say who."""
        filters = {"container": self._container.id, "event": ["kill"]}
        try:
            created = datetime.fromisoformat(self._container.attrs["Created"][:19]).replace(tzinfo=UTC)
            events = self._client.events(since=created, until=int(time.time()) + 1, filters=filters, decode=True)
            return any(True for _ in events)
        except _GONE:
            return False

    def _stderr(self) -> str:
        try:
            tail = self._container.logs(stdout=False, stderr=True, tail=10_000)
        except (APIError, *_GONE):
            return ""
        return bytes(tail[-STDERR_LIMIT_BYTES:]).decode("utf-8", "replace")

    def _close_stream(self) -> None:
        if self._stream is not None:
            with contextlib.suppress(*_GONE):
                self._stream.close()
