"""One container: its live feed, its end, what it left."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from docker import DockerClient
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from orchestrator.docker_engine.volumes import MemberRefused, read_member
from orchestrator.engine import OUT_FILE_LIMIT_BYTES, STDERR_LIMIT_BYTES, EngineLost, Exit, Leftovers

STOP_SECONDS = 10.0
_SIGNALLED = 128  # exit codes above it are signals, as a container's init numbers them
_EVENT_SECONDS = 1.0  # the engine tells of a kill a moment after the process is gone
_OVERLAP_SECONDS = 2.0  # re-read a little rather than lose a line: `seq` removes what comes twice
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z ")
_GONE = (DockerException, RequestException, OSError)
# What the SDK's stream raises when it is closed at the moment at which it ends.
_CLOSED = (*_GONE, AttributeError, ValueError)


class DockerWorker:
    """A started container and its output volume; leaving the `with` block well removes both."""

    def __init__(self, client: DockerClient, container: Any, out: Any, stop_seconds: float = STOP_SECONDS) -> None:
        self._client = client
        self._container = container
        self._out = out
        self._stop_seconds = stop_seconds
        self._read_until: float | None = None  # the engine's clock, from the log's own stamps
        self._stopped = False
        self._released = False
        self._stream: Any = None

    def chunks(self) -> Iterator[bytes]:
        """Follow standard output through the engine's log, never by attaching.

        A client that attaches and stops reading freezes the training; a log reader cannot. A last
        line that never got its newline may be missing: the engine may log it after the follower left.
        """
        self._close_stream()
        since = None if self._read_until is None else max(0.0, self._read_until - _OVERLAP_SECONDS)
        try:
            self._stream = self._container.logs(
                stream=True, follow=True, stdout=True, stderr=False, timestamps=True, since=since
            )
            for entry in self._stream:
                yield self._unstamped(entry)
        except _CLOSED as error:
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
        code = int(state["ExitCode"])
        killed = code > _SIGNALLED and not self._stopped and self._was_killed(state)
        ended_at = datetime.fromisoformat(state["FinishedAt"])
        return Exit(code, bool(state.get("OOMKilled")), killed, ended_at=ended_at)

    def stop(self) -> None:
        self._stopped = True
        with contextlib.suppress(*_GONE):
            self._container.stop(timeout=math.ceil(self._stop_seconds))

    def release(self) -> None:
        self._released = True

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
        if self._released or kind is not None:
            return
        with contextlib.suppress(*_GONE):
            self._container.remove(force=True, v=True)  # v: what the image declared as VOLUME
        with contextlib.suppress(*_GONE):
            self._out.remove(force=True)

    def _unstamped(self, entry: bytes) -> bytes:
        match = _STAMP.match(entry)
        if match is None:
            return entry
        self._read_until = _seconds(match[0].decode().strip())
        return entry[match.end() :]

    def _was_killed(self, state: Mapping[str, Any]) -> bool:
        """Ask the engine whether somebody sent a signal: exit code 137 alone does not say who.

        The engine's clock bounds the question, not ours: events are streamed until that time has come.
        """
        span: Any = {"since": _seconds(state["StartedAt"]), "until": _seconds(state["FinishedAt"]) + _EVENT_SECONDS}
        filters = {"container": self._container.id, "event": ["kill"]}
        try:
            return bool(list(self._client.events(**span, filters=filters)))
        except _CLOSED:
            return False

    def _stderr(self) -> str:
        try:
            tail = self._container.logs(stdout=False, stderr=True, tail=10_000)
        except (APIError, *_GONE):
            return ""
        return bytes(tail[-STDERR_LIMIT_BYTES:]).decode("utf-8", "replace")

    def _close_stream(self) -> None:
        """Wake a reader that waits on the connection, and give the connection back."""
        stream, self._stream = self._stream, None
        with contextlib.suppress(*_CLOSED):
            stream.close()
            # The SDK shuts the socket down and leaves its descriptor to the garbage collector.
            stream._response.close()


def _seconds(stamp: str) -> float:
    """Read the engine's RFC 3339 time as Unix seconds; a float holds it to a quarter of a microsecond."""
    return datetime.fromisoformat(stamp).timestamp()
