"""A second engine to restart, which the first does not feel: in network, mount and process namespaces of its own.

An engine in the host's network namespace deletes the bridge of the one that is there. In a process namespace whose
first process ends, everything ends: engine, shims and containers.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import docker
from docker import DockerClient

_START_SECONDS = 30


def missing() -> str:
    """Say what a second engine lacks here, or nothing."""
    if os.geteuid() != 0:
        return "namespaces of its own take root"
    absent = [name for name in ("dockerd", "containerd", "unshare", "nsenter") if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"namespaces are not given: {tried.stderr.decode().strip()}"


_UNSHARE = (
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
)


class SecondEngine:
    """An engine whose data, socket and cgroup stand in `folder`, started and stopped at will."""

    def __init__(self, folder: Path, *, live_restore: bool) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.live_restore = live_restore
        self._cgroup = f"bakeoff-faults-{os.getpid()}"
        # /run of its own: the engine would find the first one's containerd there.
        # The shell stays, and reaps: to an engine that comes back, a dead containerd that nobody reaped is alive.
        script = "mount -t tmpfs tmpfs /run && ip link set lo up && while :; do sleep 0.2; done"
        self._first = subprocess.Popen([*_UNSHARE, "sh", "-c", script], stderr=subprocess.DEVNULL)
        self._inside = _child(self._first.pid)
        self._engine: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop(signal.SIGTERM)
        finally:
            self._first.kill()
            self._first.wait()
            self._remove_cgroups()

    def start(self) -> None:
        config = self.folder / "daemon.json"
        config.write_text(json.dumps({"live-restore": self.live_restore}))
        enter = ("nsenter", "--target", str(self._inside), "--net", "--mount", "--pid")
        engine = (
            "dockerd", "--config-file", str(config), "--data-root", str(self.folder / "data"),
            "--exec-root", "/run/docker-second", "--pidfile", "/run/docker-second.pid", "--host", f"unix://{self.socket}",
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--cgroup-parent", f"/{self._cgroup}",
        )  # fmt: skip
        with (self.folder / "engine.log").open("ab") as log:
            self._engine = subprocess.Popen([*enter, *engine], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._await()

    def stop(self, number: int) -> None:
        """Signal the engine, and wait for its end. nsenter waits for what it started, so its child is asked."""
        if self._engine is None:
            return
        with contextlib.suppress(ProcessLookupError, StopIteration):
            os.kill(_child(self._engine.pid), number)
        self._engine.wait(60)
        self._engine = None

    def client(self, timeout_seconds: int = 60) -> DockerClient:
        return docker.DockerClient(base_url=f"unix://{self.socket}", timeout=timeout_seconds)

    def load(self, first: DockerClient, image: str) -> None:
        """Give it an image of the first engine's, with all its names."""
        archive = self.folder / "image.tar"
        found = first.images.get(image)
        with archive.open("wb") as file:
            for chunk in found.save():
                file.write(chunk)
        with archive.open("rb") as file, contextlib.closing(self.client()) as client:
            client.images.load(file)
            for name in found.tags:
                client.images.get(str(found.id)).tag(name)
        archive.unlink()

    def _remove_cgroups(self) -> None:
        for path in Path("/sys/fs/cgroup").glob(f"*/{self._cgroup}"):
            for each in sorted(path.glob("**/"), reverse=True):
                with contextlib.suppress(OSError):
                    each.rmdir()

    def _await(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert time.monotonic() < until, (self.folder / "engine.log").read_text()[-3000:]
            time.sleep(0.1)

    def _answers(self) -> bool:
        """Ask without the SDK, which leaves a socket open where nobody answers."""
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(100)
        return False


def _child(process: int) -> int:
    """Return the process that unshare or nsenter forked, once it is there."""
    until = time.monotonic() + 10
    children = Path(f"/proc/{process}/task/{process}/children")
    while not (found := children.read_text().split()):
        assert time.monotonic() < until, f"process {process} started nothing"
        time.sleep(0.02)
    return int(found[0])
