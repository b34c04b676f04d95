"""Engines behind ssh: every fault told apart by ssh's and Docker's own words, and trials through one that works.

In most tests a script stands in for ssh, first on PATH. Where this machine has an ssh server, one runs on loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from docker import DockerClient

from orchestrator.engines.docker import DockerEngine, connect, ssh_faults
from orchestrator.engines.docker.ssh_tunnel import SshEnd, parse_address
from orchestrator.errors import PreflightError
from orchestrator.record.record import Status
from tests.support import engines
from tests.support.engines import DockerRig

HOST = "gpu-box.example"
PROOF = f"`ssh -o BatchMode=yes -l me -- {HOST} docker version` shows a server"

# What OpenSSH 9.2, its server, bash, dash and Docker 28 say, with the exit code of ssh.
FAULTS = [
    (255, f"ssh: Could not resolve hostname {HOST}: Name or service not known", "there is no host"),
    (255, f"me@{HOST}: Permission denied (publickey,password).", "accepts none of your ssh keys"),
    (255, "Received disconnect: Too many authentication failures", "accepts none of your ssh keys"),
    (255, f"No ED25519 host key is known for {HOST}.\r\nHost key verification failed.", "does not know the host key"),
    (
        255,
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.",
        "does not show the host key that ssh knows",
    ),
    (255, f"ssh: connect to host {HOST} port 22: Connection refused", "no ssh server answers"),
    (255, f"ssh: connect to host {HOST} port 22: Connection timed out", "no ssh server answers"),
    (255, f"ssh: connect to host {HOST} port 22: No route to host", "no ssh server answers"),
    (127, "bash: line 1: docker: command not found", "there is no docker command"),
    (127, "sh: 1: docker: not found", "there is no docker command"),
    (
        1,
        "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied",
        "you may not use its socket there",
    ),
    (
        1,
        "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: no such file or directory",
        "its engine does not run",
    ),
    (1, "docker: 'dial-stdio' is not a docker command.\nSee 'docker --help'", "older than 18.09"),
    (1, "a fault of {another} world", "ssh ended with code 1 and said: a fault of {another} world"),
]


def script(folder: Path, text: str) -> None:
    """Put a program named ssh into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "ssh").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "ssh").chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on PATH, for an ssh of ours."""
    folder = tmp_path / "programs"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"ssh://me@{HOST}")
    return folder


def refused() -> PreflightError:
    with pytest.raises(PreflightError) as told:
        connect()
    engines.sweep()
    return told.value


@pytest.mark.parametrize(("code", "words", "sentence"), FAULTS)
def test_each_way_of_failing_has_its_sentence_and_a_proof_that_fails_with_it(
    programs: Path, code: int, words: str, sentence: str
) -> None:
    (programs.parent / "words").write_text(words)
    script(programs, f"cat {programs.parent}/words >&2; exit {code}")
    error = refused()
    assert error.message.startswith(f"no Docker Engine answers by DOCKER_HOST=ssh://me@{HOST}: ")
    assert sentence in error.message
    assert PROOF in error.remedy


def test_no_two_kinds_of_fault_share_a_remedy() -> None:
    address = parse_address(f"ssh://me@{HOST}")
    assert address is not None
    told = {
        sentence: ssh_faults.unreachable(address, SshEnd(code, words), Exception(), "DOCKER_HOST")
        for code, words, sentence in FAULTS
    }
    assert len({error.remedy for error in told.values()}) == len(told)


def test_a_shell_that_prints_before_docker_answers_is_told(programs: Path) -> None:
    script(programs, "echo welcome, {you}; sleep 1")
    error = refused()
    assert "prints something before Docker answers" in error.message
    assert f"`ssh -o BatchMode=yes -l me -- {HOST} true` prints nothing" in error.remedy


def test_a_machine_without_ssh_is_told(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    assert "ssh does not start here" in refused().message


def test_ssh_is_asked_for_no_password_and_given_the_address_as_words(programs: Path, tmp_path: Path) -> None:
    script(programs, f'printf "%s\\n" "$@" >{tmp_path}/asked; exit 255')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "ssh://me@gpu-box.example:2222/run/user/1000/docker.sock")
        refused()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert "BatchMode=yes" in asked
    place = ["-p", "2222", "-l", "me", "--", HOST]
    there = ["docker", "--host", "unix:///run/user/1000/docker.sock", "system", "dial-stdio"]
    assert asked[-len([*place, *there]) :] == [*place, *there]


@pytest.mark.parametrize(
    "url",
    [
        *("ssh://", "ssh:", "ssh://me:secret@host", "ssh://host:port", "ssh://host/socket?x=1", "ssh://host#x"),
        *("ssh://-oProxyCommand=x", "ssh://-l@host", "ssh://a b", "ssh://me@", "ssh://[::1"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_a_password(
    url: str, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    assert parse_address(url) is None
    error = refused()
    assert error.message == "DOCKER_HOST names no ssh address that can be used"
    assert "secret" not in error.message + error.remedy


def test_a_socket_s_name_is_one_word_to_the_shell_there() -> None:
    address = parse_address("ssh://[::1]:22/tmp/a;reboot")
    assert address is not None
    assert (address.host, address.port) == ("::1", "22")
    assert address.command[-3:] == ["'unix:///tmp/a;reboot'", "system", "dial-stdio"]


@pytest.fixture
def loopback(programs: Path, docker_client: DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ssh that runs the command here, as a login to this machine would: without the variables of this process."""
    if shutil.which("docker") is None:
        pytest.skip("the docker command is not installed: it is what passes a connection on")
    here = f"DOCKER_HOST={os.environ['ENGINE_HERE']}" if os.environ.get("ENGINE_HERE") else "LANG=C"
    told = f"echo >>{programs}/logins"
    script(
        programs, f'{told}; while [ "$1" != -- ]; do shift; done; shift 2; exec env -i "PATH=$PATH" {here} sh -c "$*"'
    )


@pytest.fixture(autouse=True)
def _engine_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what names the engine of these tests, before a test names another."""
    monkeypatch.setenv("ENGINE_HERE", os.environ.get("DOCKER_HOST", ""))


@pytest.mark.docker
@pytest.mark.usefixtures("loopback")
def test_a_trial_runs_through_ssh_with_few_logins(programs: Path, tmp_path: Path, data_volume: str) -> None:
    engine = connect()
    _run_a_trial(engine, tmp_path, data_volume)
    assert len((programs / "logins").read_text()) <= 6  # the SDK alone opens a connection for each of twenty paths
    assert engine.checkup().identity().place == f"remote, ssh://me@{HOST}"


@pytest.mark.docker
@pytest.mark.usefixtures("loopback")
def test_a_context_of_the_command_line_leads_through_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = tmp_path / "config" / "contexts" / "meta" / sha256(b"box").hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"Host": f"ssh://me@{HOST}", "SkipTLSVerify": False}
    (meta / "meta.json").write_text(json.dumps({"Name": "box", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    (tmp_path / "config" / "config.json").write_text("{}")
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONTEXT", "box")
    assert connect().facts()["engine"]


@pytest.fixture
def server(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real ssh server on loopback, which this user may enter by a key, and a client that knows both."""
    daemon, client = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("ssh")
    if daemon is None or client is None or shutil.which("ssh-keygen") is None:
        pytest.skip("no OpenSSH server is installed here")
    Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\n"
    )
    key = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key}\n")
    (folder / "config").write_text(
        f"Host {HOST}\nHostName 127.0.0.1\nPort {port}\nUserKnownHostsFile {folder}/known\n"
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\n"
    )
    script(programs, f'exec {client} -F {folder}/config "$@"')
    monkeypatch.setenv("DOCKER_HOST", f"ssh://{HOST}")
    with subprocess.Popen([daemon, "-D", "-f", folder / "sshd_config", "-E", folder / "log"]) as process:
        _wait_for(port)
        yield
        process.terminate()


@pytest.mark.docker
@pytest.mark.usefixtures("docker_client", "server")
def test_a_trial_runs_through_a_real_ssh_server(tmp_path: Path, data_volume: str) -> None:
    if os.environ["ENGINE_HERE"]:
        pytest.skip("a login takes the usual socket, and the engine of these tests has another")
    _run_a_trial(connect(), tmp_path, data_volume)


@pytest.mark.docker
@pytest.mark.usefixtures("server")
def test_a_real_client_refuses_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "ssh" / "known").unlink()
    assert f"ssh does not know the host key of {HOST}" in refused().message


@pytest.mark.docker
@pytest.mark.usefixtures("server")
def test_a_real_server_refuses_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "ssh" / "user.pub").unlink()
    (tmp_path / "ssh" / "user").unlink()
    assert f"{HOST} accepts none of your ssh keys" in refused().message


def _run_a_trial(engine: DockerEngine, folder: Path, volume: str) -> None:
    rig = DockerRig(folder, engine.client, volume)
    record = rig.run("many 300")
    assert (record.status, record.events.received, record.events.lost) == (Status.DONE, 305, 0)
    assert rig.left_behind() == []


def _wait_for(port: int) -> None:
    late = time.monotonic() + 20
    while time.monotonic() < late:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the ssh server does not start")
