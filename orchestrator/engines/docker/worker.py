"""One container: its live feed, its exit, the files that it left."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from docker import DockerClient
from docker.errors import APIError

from orchestrator.engines.docker.api import SDK_ERRORS, cpu_seconds, discard, events, inspect
from orchestrator.engines.docker.files import MemberRefusedError, read_member, unstarted_container, volume_at
from orchestrator.engines.docker.log_cursor import LogCursor
from orchestrator.engines.docker.stdin import StandardInput
from orchestrator.engines.engine import (
    OUT_FILE_LIMIT_BYTES,
    STDERR_LIMIT_BYTES,
    EngineLostError,
    Leftovers,
    NoFeedError,
    WorkerExit,
)

STOP_SECONDS = 10.0
_SIGNALLED = 128  # exit codes above it are signals, as a container's init numbers them
_EVENT_SECONDS = 1.0  # the engine tells of a kill a moment after the process is gone
# What the SDK's stream raises when it is closed at the moment at which it ends.
_CLOSED = (*SDK_ERRORS, AttributeError, ValueError)


class DockerWorker:
    """A started container and its output volume; leaving the `with` block well removes both."""

    def __init__(self, client: DockerClient, container: Any, out: Any, stop_seconds: float = STOP_SECONDS) -> None:
        self._client = client
        self._container = container
        self._out = out
        self._stop_seconds = stop_seconds
        self.paused = False
        self._cursor = LogCursor()
        self._stdin = StandardInput(client, container.id)
        self._stopped = False
        self._released = False
        self._removed = False
        self._stream: Any = None
        self._calls = 0

    def chunks(self) -> Iterator[bytes]:
        """Follow standard output through the engine's log, never by attaching.

        A client that attaches and stops reading freezes the training; a log reader cannot. A last
        line that never got its newline may be missing: the engine may log it after the follower left.
        """
        self._calls += 1
        call = self._calls
        self._close_stream()
        try:
            stream = self._container.logs(
                stream=True, follow=True, stdout=True, stderr=False, timestamps=True, since=self._cursor.since()
            )
            if call != self._calls:  # it took so long that there is a newer one
                _close(stream)
                return
            self._stream = stream
            yield from self._cursor.fresh(entry for entry in stream if call == self._calls)
        except _CLOSED as error:
            if isinstance(error, APIError) and error.status_code == HTTPStatus.NOT_IMPLEMENTED:
                raise NoFeedError(str(error.explanation)) from error
            raise EngineLostError(str(error)) from error

    def tell(self, line: bytes) -> None:
        self._stdin.write(line)

    def cpu_seconds(self) -> float | None:
        return cpu_seconds(self._client, self._container.id)

    def poll(self) -> WorkerExit | None:
        facts = inspect(self._client, self._container.id)
        if facts is None:
            self._removed = True
            return WorkerExit(code=-1, removed=True)
        state = facts["State"]
        self.paused = bool(state.get("Paused"))
        if state["Status"] not in ("exited", "dead"):
            return None
        code = int(state["ExitCode"])
        kills = self._kills(state) if code > _SIGNALLED and not self._stopped else []
        limit = facts.get("HostConfig", {}).get("Memory") or None
        return WorkerExit(
            code,
            oom_killed=bool(state.get("OOMKilled")) or "oom" in kills,
            killed_from_outside="kill" in kills,
            memory_limit_bytes=limit,
            ended_at=datetime.fromisoformat(state["FinishedAt"]),
        )

    def stop(self) -> None:
        self._stopped = True
        with contextlib.suppress(*SDK_ERRORS):
            self._container.stop(timeout=math.ceil(self._stop_seconds))

    def release(self) -> None:
        self._released = True

    def leftovers(self, names: tuple[str, ...]) -> Leftovers:
        files, refused = {}, []
        with self._readable() as container:
            for name in names:
                try:
                    content = read_member(container, f"/out/{name}", OUT_FILE_LIMIT_BYTES)
                    if content is not None:
                        files[name] = content
                except MemberRefusedError as refusal:
                    refused.append(f"{name}: {refusal}")
                except SDK_ERRORS as error:
                    refused.append(f"{name}: {error}")
        return Leftovers(files, self._stderr(), tuple(refused))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_stream()
        self._stdin.close()
        if self._released or kind is not None:
            return
        discard(self._container, self._out)

    def _kills(self, state: Mapping[str, Any]) -> list[str]:
        """Ask the engine whether somebody sent a signal, or the kernel killed: exit code 137 alone does not say who.

        The engine's clock bounds the question, not ours: it waits until that time has come.
        """
        since, until = _seconds(state["StartedAt"]), _seconds(state["FinishedAt"]) + _EVENT_SECONDS
        return events(self._client, self._container.id, ("kill", "oom"), since, until)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[Any]:
        """Yield the container, or one in its place where somebody removed it: to read the output volume through.

        The volume outlives its container, and holds what the feed had not brought.
        """
        with contextlib.suppress(*SDK_ERRORS), contextlib.ExitStack() as standing_in:
            readable = self._container
            if self._removed:
                with contextlib.suppress(*SDK_ERRORS):
                    self._client.volumes.get(self._out.name)  # or naming it below would make it anew
                    image, labels = self._container.attrs["Image"], self._container.labels
                    holder = unstarted_container(self._client, image, labels, volume_at("/out", self._out.name))
                    readable = standing_in.enter_context(holder)
            yield readable

    def _stderr(self) -> str:
        try:
            tail = self._container.logs(stdout=False, stderr=True, tail=10_000)
        except SDK_ERRORS:
            return ""
        return bytes(tail[-STDERR_LIMIT_BYTES:]).decode("utf-8", "replace")

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            _close(stream)


def _close(stream: Any) -> None:
    """Wake a reader that waits on the connection, and give the connection back."""
    with contextlib.suppress(*_CLOSED):
        stream.close()
        # The SDK shuts the socket down and leaves its descriptor to the garbage collector.
        stream._response.close()


def _seconds(stamp: str) -> float:
    """Read the engine's RFC 3339 time as Unix seconds; a float holds it to a quarter of a microsecond."""
    return datetime.fromisoformat(stamp).timestamp()
