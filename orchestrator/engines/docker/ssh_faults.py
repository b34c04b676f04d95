"""Says why no engine answers behind ssh, each fault in a sentence of its own with its way out. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from orchestrator.engines.docker.ssh_tunnel import SshAddress, SshEnd
from orchestrator.errors import PreflightError

_SSH_FAILED = 255  # ssh's exit code for what is its own failure; any other is that of the command there


@dataclass(frozen=True)
class _Fault:
    """A fault by what ssh or the command there says; {host} stands for the host."""

    says: str  # a pattern
    sentence: str
    remedy: str
    proof: str = "docker version"  # a command there by which a person sees that it is mended, and not before
    shows: str = "shows a server"


_SSH = (
    _Fault("Could not resolve hostname", "there is no host {host}", "correct the name, there or in ~/.ssh/config"),
    _Fault(
        "HOST IDENTIFICATION HAS CHANGED",
        "{host} does not show the host key that ssh knows of it",
        "ask its administrator whether the key was changed; `ssh-keygen -R {host}` forgets the old one",
    ),
    _Fault(
        "Host key verification failed",
        "ssh does not know the host key of {host}",
        "connect once by hand, and compare the key before you accept it",
    ),
    _Fault(
        "Permission denied|Too many authentication failures",
        "{host} accepts none of your ssh keys",
        "put yours there with ssh-copy-id, or unlock it with ssh-add: no password can be asked for here",
    ),
    _Fault(
        "Connection refused|[Tt]imed out|No route to host|Network is unreachable|[Cc]onnection (closed|reset)|banner",
        "no ssh server answers at {host}",
        "start it there, or correct host and port",
    ),
)
_THERE = (
    _Fault("permission denied", "Docker is on {host}, but you may not use its socket there", "join its `docker` group"),
    _Fault(
        "no such file|connection refused|Cannot connect to the Docker daemon",
        "Docker is on {host}, but its engine does not run",
        "start it there, or name its socket: ssh://HOST/run/docker.sock",
    ),
    _Fault(
        "dial-stdio|is not a docker command|unknown (short)?hand flag",
        "the docker command on {host} is older than 18.09 and cannot pass a connection on",
        "update Docker there",
    ),
    _Fault(
        "not found|No such file|not recognized",
        "there is no docker command on {host}, or not on the PATH of a shell without a terminal",
        "install Docker there, or extend that PATH",
    ),
)


def unreachable(address: SshAddress, end: SshEnd | None, error: Exception, named: str) -> PreflightError:
    """Say why no engine answers behind ssh, from how ssh ended or, where it did not fail, from what the client met."""
    fault = _fault(end, str(error))
    step = fault.remedy.format(host=address.host)
    return PreflightError(
        f"no Docker Engine answers by {named}: {fault.sentence.format(host=address.host)}",
        f"{step}. It is mended when `{_proof(address, fault)}` {fault.shows}; or use --engine process",
    )


def not_an_address(named: str) -> PreflightError:
    """Say what an ssh address looks like. The one that was given may hold a password, and is not repeated."""
    return PreflightError(
        f"{named.partition('=')[0]} names no ssh address that can be used",
        "write ssh://[USER@]HOST[:PORT][/SOCKET]; a password does not stand in it: ssh takes keys from its agent",
    )


def _fault(end: SshEnd | None, met: str) -> _Fault:
    if end is None:
        return _without_end(met)
    if end.code is None:
        return _Fault("", "ssh does not start here: " + _plain(end.words), "install the OpenSSH client")
    known = _SSH if end.code == _SSH_FAILED else _THERE
    said = next((fault for fault in known if re.search(fault.says, end.words)), None)
    last = _plain(end.words.splitlines()[-1] if end.words else "nothing")
    return said or _Fault("", f"ssh ended with code {end.code} and said: {last}", "mend what it says")


def _proof(address: SshAddress, fault: _Fault) -> str:
    """Return the command with our own ssh's options: one that may ask for a password would work where we cannot."""
    there = fault.proof.replace("docker", " ".join(address.docker))
    return " ".join(["ssh -o BatchMode=yes", *map(shlex.quote, address.target), there])


def _without_end(met: str) -> _Fault:
    if "BadStatusLine" in met:
        remedy = "let the files that it reads at its start print nothing where there is no terminal"
        return _Fault(
            "", "the shell on {host} prints something before Docker answers", remedy, "true", "prints nothing"
        )
    return _Fault("", f"ssh runs, and {{host}} does not answer: {_plain(met)}", "see what keeps it")


def _plain(text: str) -> str:
    """Keep an outside text from being taken for a template."""
    return text[-200:].replace("{", "{{").replace("}", "}}")
