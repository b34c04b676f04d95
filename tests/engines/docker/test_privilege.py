"""Least privilege, read back from the engine and tried from within: the toy, a hostile ready image, and real trainings.

What is asked for is one thing and what a kernel does another, so each container is looked at from both sides while it
works: `docker inspect`, and a script that runs beside the worker with the worker's own rights.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.engine import FOREIGN, Engine, Launch, Prepared, PrepareError
from orchestrator.record.record import Status
from orchestrator.record.trial_folder import TrialFolder
from orchestrator.run.one_trial import TrialSetup, run_trial
from orchestrator.spec import recipes
from orchestrator.spec.contenders import offered_contenders, parse
from shared import mnist
from shared.events import Event, PhaseEnded
from tests.support import engines
from tests.support.engines import DockerRig, quiet
from tests.support.paths import TOYS
from tests.support.plans import plan_of

pytestmark = pytest.mark.docker

# Runs in the worker's container as its user. The worker's own rights are read from its process, not from this one.
INSIDE = """
import glob, json, os, resource, socket
def text(path):
    with open(path, errors="replace") as file:
        return file.read()
def status(path):
    return dict(line.split(":\\t", 1) for line in text(path).splitlines() if ":\\t" in line)
def writable(folder):
    try:
        os.close(os.open(folder + "/bakeoff-tried", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(folder + "/bakeoff-tried")
    except OSError:
        return False
    return True
def reached():
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    except OSError as error:
        return os.strerror(error.errno)
def is_worker(path):
    return b"images." in open(path + "/cmdline", "rb").read() and status(path + "/status")["Pid"] != str(os.getpid())
worker = next(status(each + "/status") for each in glob.glob("/proc/[0-9]*") if is_worker(each))
mounted = {line.split()[1] for line in text("/proc/self/mounts").splitlines()}
usual = {"/etc", "/usr", "/opt/bakeoff", "/opt/venv", "/var/tmp", "/var/lib", "/home", "/root", "/run"}
events = text("/out/events.jsonl")
rights = ("CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
print(json.dumps({
    "rights": {name: worker[name].strip() for name in rights},
    "users": sorted({each for name in ("Uid", "Gid", "Groups") for each in worker[name].split()}),
    "network": [sorted(os.listdir("/sys/class/net")), reached()],
    "writable": sorted(each for each in mounted | usual | {"/"} if os.path.isdir(each) and writable(each)),
    "noexec": bool(os.statvfs("/tmp").f_flag & os.ST_NOEXEC),
    "engine": os.path.exists("/var/run/docker.sock") or os.path.exists("/run/docker.sock"),
    "files": [resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)],
    "trains": '"warm_up"' in events and '"run_ended"' not in events,
}))
"""

NOTHING = "0000000000000000"
WITHIN: dict[str, Any] = {
    "rights": {
        **dict.fromkeys(("CapEff", "CapPrm", "CapBnd", "CapAmb"), NOTHING),
        "NoNewPrivs": "1",
        "Seccomp": "2",
    },
    "users": ["10001"],
    "network": [["lo"], "Network is unreachable"],
    "writable": ["/dev/mqueue", "/dev/shm", "/out", "/tmp"],
    "noexec": True,
    "engine": False,
    "files": [[4096, 4096], [0, 0]],
}


def told(container: Any) -> dict[str, Any]:
    """Return what the engine says of a container's rights, memory aside, which is the machine's."""
    container.reload()
    host, config = container.attrs["HostConfig"], container.attrs["Config"]
    assert 0 < host["Memory"] == host["MemorySwap"]
    names = ("CapDrop", "CapAdd", "ReadonlyRootfs", "SecurityOpt", "NetworkMode", "PidsLimit", "ShmSize", "Privileged")
    return {
        **{name: host[name] for name in (*names, "Binds", "IpcMode", "PidMode", "Devices", "VolumesFrom", "Tmpfs")},
        "Ulimits": sorted((each["Name"], each["Hard"], each["Soft"]) for each in host["Ulimits"]),
        "User": config["User"],
        "StopSignal": config["StopSignal"],
        "Health": container.attrs["State"].get("Health"),
        "Mounts": {each["Destination"]: (each["Type"], each["RW"]) for each in container.attrs["Mounts"]},
    }


TOLD: dict[str, Any] = {
    "CapDrop": ["ALL"],
    "CapAdd": None,
    "ReadonlyRootfs": True,
    "SecurityOpt": ["no-new-privileges:true"],
    "NetworkMode": "none",
    "PidsLimit": 4096,
    "ShmSize": 2**30,
    "Privileged": False,
    "Binds": None,
    "IpcMode": "private",
    "PidMode": "",
    "Devices": None,
    "VolumesFrom": None,
    "Tmpfs": {"/tmp": "rw,nosuid,nodev,noexec,size=1g,mode=1777"},
    "Ulimits": [("core", 0, 0), ("nofile", 4096, 4096)],
    "User": "10001:10001",
    "StopSignal": "SIGTERM",
    "Health": None,
    "Mounts": {"/data": ("volume", False), "/out": ("volume", True)},
}


def within(container: Any) -> dict[str, Any]:
    code, said = container.exec_run(["python3", "-c", INSIDE])
    assert code == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.fixture
def rig(docker_client: DockerClient, data_volume: str, tmp_path: Path) -> Iterator[DockerRig]:
    made = DockerRig(tmp_path, docker_client, data_volume)
    yield made
    assert made.left_behind() == []


@pytest.fixture
def hostile(rig: DockerRig) -> Iterator[str]:
    """The tag of an image that asks for all that a Dockerfile can ask for."""
    yield from _made(
        rig,
        "USER root\nRUN chmod u+s $(readlink -f $(which python3))\n"
        'VOLUME ["/loot", "/data", "/tmp"]\nSTOPSIGNAL SIGKILL\n'
        "HEALTHCHECK --interval=1s CMD touch /out/healthy\n",
    )


@pytest.fixture
def foreign(rig: DockerRig) -> Iterator[str]:
    yield from _made(rig, "LABEL bakeoff.contract=\n")


@pytest.mark.frameworks
@pytest.mark.slow  # a training each; `make test` looks at the toy and the hostile image in the same way
@pytest.mark.parametrize("name", sorted(offered_contenders()))
def test_a_framework_trains_with_no_right_that_it_does_not_need(
    name: str, engine: Engine, docker_client: DockerClient, mnist_folder: Path, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}
    recipe = recipes.apply_sizes(recipes.load("article-torch"), train_images=1600, batch_size=16, epochs=3)
    (planned,) = plan_of([parse(name)], [recipe]).trials
    prepared = engine.prepare(planned.contender, "cpu", quiet)
    engine.supply(mnist_folder, prepared, quiet)
    bench = TrialSetup(engine, f"test-{uuid.uuid4().hex[:12]}", mnist.load(mnist_folder, "8x8").test_labels)

    def look(trial: str, event: Event) -> None:
        if isinstance(event, PhaseEnded) and event.phase == "warm_up":
            container = docker_client.containers.get(f"bakeoff-{bench.run_id}-{trial}")
            seen.update(told=told(container), within=within(container), image=container.attrs["Image"])

    record = run_trial(bench, planned, prepared, TrialFolder(tmp_path / "trial"), look)
    assert (record.status, record.reason, len(record.epochs)) == (Status.DONE, "", 3)
    assert seen["told"] == TOLD
    assert seen["within"] == {**WITHIN, "trains": True}
    assert record.image == seen["image"]
    assert (record.facts["requirements"], record.facts["relaxations"]) == ("every package by hash", "none")


def test_an_image_that_asks_for_everything_gets_nothing_and_leaves_nothing(rig: DockerRig, hostile: str) -> None:
    ready = rig.engine.prepare(parse(f"mine@{hostile}", TOYS), "cpu", quiet)
    with rig.engine.start(_launch(rig, ready)):
        container = _running(rig)
        mounts = {**TOLD["Mounts"], "/loot": ("tmpfs", False)}
        assert told(container) == {**TOLD, "Mounts": mounts}
        assert within(container) == {**WITHIN, "trains": False}
        assert container.attrs["Image"] == ready.image
        volumes = {each["Name"] for each in container.attrs["Mounts"] if each["Type"] == "volume"}
    assert volumes == {rig.volume, f"{container.name}-out"}  # none without a name, which would outlive its container


def test_a_relaxation_changes_what_it_names_and_nothing_else(rig: DockerRig) -> None:
    relaxed = Prepared(rig.contender, rig.prepared.image, rig.prepared.handle, relaxations=("tmp-exec",))
    with rig.engine.start(_launch(rig, relaxed)):
        container = _running(rig)
        tmpfs = {"/tmp": "rw,nosuid,nodev,exec,size=1g,mode=1777"}
        assert told(container) == {**TOLD, "Tmpfs": tmpfs}
        assert within(container) == {**WITHIN, "noexec": False, "trains": False}


def test_an_image_that_does_not_say_that_it_keeps_the_contract_is_refused(rig: DockerRig, foreign: str) -> None:
    with pytest.raises(PrepareError) as refused:
        rig.engine.prepare(parse(f"mine@{foreign}", TOYS), "cpu", quiet)
    assert "LABEL bakeoff.contract=1" in str(refused.value)
    assert "--allow-foreign-image" in str(refused.value)


def test_an_image_that_is_allowed_all_the_same_runs_with_every_restriction(rig: DockerRig, foreign: str) -> None:
    allowing = engines.docker_engine(rig.client, data_volume=rig.volume, allow_foreign_image=True)
    ready = allowing.prepare(parse(f"mine@{foreign}", TOYS), "cpu", quiet)
    assert ready.facts["contract"] == FOREIGN
    with allowing.start(_launch(rig, ready)):
        assert told(_running(rig)) == TOLD


def test_an_image_says_what_it_was_made_of(rig: DockerRig) -> None:
    image = rig.client.images.get(rig.prepared.image)
    base = rig.client.images.get(image.labels["org.opencontainers.image.base.name"])
    assert image.labels["bakeoff.base.id"] == base.id
    assert image.labels["bakeoff.contract"] == "1"
    assert image.labels["bakeoff.locked"] == "false"  # the toy has no packages, and no lock
    assert image.labels["org.opencontainers.image.created"][:2] == "20"
    assert rig.prepared.facts["requirements"].startswith("not locked")


def _launch(rig: DockerRig, prepared: Prepared) -> Launch:
    return replace(rig.launch("hang"), prepared=prepared)


def _running(rig: DockerRig) -> Any:
    """Wait until the worker has said its first word: only then does the container run it."""
    container = rig.client.containers.get(f"bakeoff-{rig.run_id}-toy-1.0.play.s1")
    late = time.monotonic() + 30
    while b"worker_ready" not in container.logs():
        assert time.monotonic() < late, container.logs()
        time.sleep(0.05)
    return container


def _made(rig: DockerRig, lines: str) -> Iterator[str]:
    tag = f"mine-{rig.run_id}:{len(lines)}"
    dockerfile = io.BytesIO(f"FROM {rig.prepared.image}\n{lines}".encode())
    rig.client.images.build(fileobj=dockerfile, tag=tag, rm=True)
    yield tag
    try:
        rig.client.images.remove(tag)
    except ImageNotFound:
        pytest.fail("an image that is not ours was removed")


def test_the_docker_engine_is_what_these_tests_look_at(engine: Engine) -> None:
    assert isinstance(engine, DockerEngine)
