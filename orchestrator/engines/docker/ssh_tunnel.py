"""Leads to an engine behind ssh: a socket of ours, whose connections each go through a process of the system's ssh.

The user's own ssh is what knows hosts, keys, agents and jumps, and `docker system dial-stdio` there is what reaches the
engine, as the docker command does it. Nobody is asked for a password or to trust a key: a comparison has no one to ask.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

_URL = re.compile(
    r"ssh://(?:(?P<user>(?!-)[^@/:?#\s]+)@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|(?!-)[^@/:?#\s\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<socket>/[^?#\s]*)?"
)
_CONNECT_SECONDS = 8  # below the client's own patience, so that ssh says first what is wrong
_ALIVE_SECONDS = 10  # after three of them unanswered ssh gives a dead connection up
_TAIL_BYTES = 4096
_END_SECONDS = 2.0


@dataclass(frozen=True)
class SshAddress:
    """Where an engine is, as DOCKER_HOST names it: ssh://[USER@]HOST[:PORT][/SOCKET]."""

    url: str
    host: str
    user: str = ""
    port: str = ""
    socket: str = ""  # of the engine there, "" for the one that docker takes by itself

    @property
    def target(self) -> list[str]:
        """Return ssh's arguments that name the host."""
        return [*(["-p", self.port] if self.port else []), *(["-l", self.user] if self.user else []), "--", self.host]

    @property
    def docker(self) -> list[str]:
        return ["docker", *(["--host", shlex.quote(f"unix://{self.socket}")] if self.socket else [])]

    @property
    def command(self) -> list[str]:
        """Return the command whose standard input and output are a connection to the engine."""
        patience = ["-o", f"ConnectTimeout={_CONNECT_SECONDS}", "-o", f"ServerAliveInterval={_ALIVE_SECONDS}"]
        return ["ssh", "-T", "-o", "BatchMode=yes", *patience, *self.target, *self.docker, "system", "dial-stdio"]


@dataclass(frozen=True)
class SshEnd:
    """How an ssh ended that did not end well."""

    code: int | None  # 255 is ssh's own failure, any other the remote command's; None where ssh did not start
    words: str  # the end of its standard error: hostile input


def parse_address(url: str) -> SshAddress | None:
    """Read an ssh:// address; None where it is none that can be used, as one with a password in it."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    parts = {name: text or "" for name, text in match.groupdict().items()}
    return SshAddress(url, **{**parts, "host": parts["host"].strip("[]")})


class SshTunnel:
    """Listens on a socket that only this user can reach, until it is closed."""

    def __init__(self, address: SshAddress) -> None:
        self._command = address.command
        self._folder = Path(tempfile.mkdtemp(prefix="bakeoff-ssh-"))
        self.path = self._folder / "engine.sock"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._end = SshEnd(None, "")
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def end(self) -> SshEnd | None:
        """Return how the first ssh that failed ended, None where none has; waits a moment, as its end may follow."""
        return self._end if self._ended.wait(_END_SECONDS) else None

    def close(self) -> None:
        """Take no new connection. Those under way end with their client's."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, connection: socket.socket) -> None:
        """Give the connection to an ssh, which has a session of its own: Ctrl-C is meant for us."""
        try:
            with connection:
                here = connection.fileno()
                ssh = subprocess.Popen(
                    self._command, stdin=here, stdout=here, stderr=subprocess.PIPE, start_new_session=True
                )
        except OSError as error:
            self._keep(SshEnd(None, str(error)))
            return
        with ssh:
            words = _tail(ssh)
        if ssh.returncode:
            self._keep(SshEnd(ssh.returncode, words))

    def _keep(self, end: SshEnd) -> None:
        if not self._ended.is_set():
            self._end = end
            self._ended.set()


def _tail(process: subprocess.Popen[bytes]) -> str:
    """Read standard error to its end and keep the last of it."""
    tail = b""
    while process.stderr is not None and (chunk := process.stderr.read(1024)):
        tail = (tail + chunk)[-_TAIL_BYTES:]
    return tail.decode("utf-8", "replace").strip()
