"""What only the docker engine promises: images by content, restrictions, a record whole, ends told apart."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from docker import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount

from orchestrator.engines.docker import DockerEngine, files
from orchestrator.engines.docker.files import fill_data
from orchestrator.engines.docker.labels import HELD_VOLUME_LABEL, OWNER_LABELS, labels_of
from orchestrator.engines.engine import EngineLostError, Launch, Prepared, PrepareError, StartError
from orchestrator.errors import PreflightError
from orchestrator.record.record import Status
from orchestrator.spec.contenders import parse
from orchestrator.values import Say
from shared.events import Event, Warned, WorkerReady
from tests.support import engines
from tests.support.engines import DockerRig, quiet
from tests.support.groups import slow
from tests.support.paths import TOYS

pytestmark = pytest.mark.docker


@pytest.fixture
def make(docker_client: DockerClient, data_volume: str, tmp_path: Path) -> Iterator[Callable[..., DockerRig]]:
    """Make a rig with an engine of one's own; at the end nothing of any of them is left."""
    with engines.docker_rigs(docker_client, data_volume, tmp_path) as rigs:
        yield rigs


@pytest.fixture
def rig(make: Callable[..., DockerRig]) -> DockerRig:
    return make()


# Images


def test_an_image_is_built_once_with_its_steps_told_and_named_by_content(
    docker_client: DockerClient, toy: Path
) -> None:
    said: list[str] = []
    first = _prepare(docker_client, toy, said.append)
    assert any(line.startswith(f"{toy.name}: Step 1/") for line in said)
    said.clear()
    again = _prepare(docker_client, toy, said.append)
    assert (again, said) == (first, [])
    image = docker_client.images.get(first.image)
    assert sorted(image.tags) == [
        f"bakeoff/{toy.name}:1.0-cpu",
        f"bakeoff/{toy.name}:1.0-cpu-{image.labels['bakeoff.content']}",
    ]
    assert image.labels["bakeoff.contender"] == f"{toy.name}==1.0"


@pytest.mark.parametrize("changed", ["worker.py", *slow("Dockerfile", "requirements.in")])
def test_a_changed_source_is_built_anew(docker_client: DockerClient, toy: Path, changed: str) -> None:
    said: list[str] = []
    _prepare(docker_client, toy, quiet)
    _append(toy / changed, "# edited\n")
    _prepare(docker_client, toy, said.append)
    assert said[0].startswith(f"building bakeoff/{toy.name}:1.0-cpu-")


def test_pips_refusal_is_told_in_its_own_words(docker_client: DockerClient, toy: Path) -> None:
    install = "RUN python3 -m pip install --no-index --break-system-packages no-such-thing==9\n"
    _append(toy / "Dockerfile", f"USER root\n{install}")
    with pytest.raises(PrepareError) as refused:
        _prepare(docker_client, toy, quiet)
    assert "No matching distribution found for no-such-thing==9" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_base_image_that_cannot_be_had_concerns_every_contender(docker_client: DockerClient) -> None:
    engine = DockerEngine(docker_client, TOYS, "localhost:1/no-such-base:none", pull_waits_seconds=())
    with pytest.raises(PreflightError) as refused:
        engine.prepare(parse("toy", TOYS), "cpu", quiet)
    assert refused.value.message.startswith("cannot get the base image of toy==1.0")
    assert "BAKEOFF_BASE_IMAGE" in refused.value.remedy


def test_a_ready_image_runs_as_it_stands(rig: DockerRig) -> None:
    tag = next(tag for tag in rig.client.images.get(rig.prepared.image).tags if "cpu-" in tag)
    ready = rig.engine.prepare(parse(f"mine@{tag}", TOYS), "cpu", quiet)
    assert ready.image == rig.prepared.image


def test_a_ready_image_whose_registry_is_down_is_tried_again_and_then_refused(make: Callable[..., DockerRig]) -> None:
    said: list[str] = []
    with pytest.raises(PrepareError, match=r"cannot pull localhost:1/none:1 after 3 tries \(connection refused\)"):
        make(pull_waits_seconds=(0.01, 0.02)).engine.prepare(parse("mine@localhost:1/none:1", TOYS), "cpu", said.append)
    assert said == [
        "pulling localhost:1/none:1",
        "pulling localhost:1/none:1: connection refused, trying again in 0.01 s",
        "pulling localhost:1/none:1: connection refused, trying again in 0.02 s",
    ]


# Labels


def test_everything_that_is_made_for_a_trial_carries_its_labels(rig: DockerRig) -> None:
    with rig.start("hang"):
        container = rig.client.containers.get(f"bakeoff-{rig.run_id}-toy-1.0.play.s1")
        volume = rig.client.volumes.get(f"{container.name}-out")
        mine = {
            "bakeoff.owner": "bakeoff",
            "bakeoff.run": rig.run_id,
            "bakeoff.trial": "toy-1.0.play.s1",
            "bakeoff.contender": "toy==1.0",
            "bakeoff.lease": "",
            "bakeoff.spec": rig.launch("hang").spec_sha256,
        }
        assert mine.items() <= container.labels.items()
        assert volume.attrs["Labels"] == mine


def test_clean_finds_what_a_killed_host_left_and_removes_it_twice_without_error(rig: DockerRig) -> None:
    rig.start("hang")  # nobody leaves the with block
    mine = [each for each in rig.docker.owned() if rig.run_id in each.name]
    assert [each.kind for each in mine] == ["container", "volume"]
    for each in [*mine, *mine]:
        each.remove()


def test_clean_leaves_a_users_container_of_our_image_alone(rig: DockerRig) -> None:
    name = f"bakeoff-{rig.run_id}-mine"
    mine = rig.client.containers.create(rig.prepared.image, name=name)
    try:
        assert name not in [each.name for each in rig.docker.owned(images=True, data=True)]
    finally:
        mine.remove()


def test_clean_leaves_an_image_that_was_made_from_ours_alone(rig: DockerRig) -> None:
    tag = f"mine-{rig.run_id}"
    dockerfile = io.BytesIO(f"FROM {rig.prepared.image}\nLABEL mine=yes\n".encode())
    image, _ = rig.client.images.build(fileobj=dockerfile, tag=tag, rm=True)
    try:
        found = [each.handle.id for each in rig.docker.owned(images=True) if each.kind == "image"]
        assert rig.prepared.image in found
        assert image.id not in found
    finally:
        rig.client.images.remove(tag)


def test_clean_leaves_the_data_volume_unless_asked(rig: DockerRig, data_volume: str) -> None:
    assert data_volume not in [each.name for each in rig.docker.owned()]
    assert data_volume in [each.name for each in rig.docker.owned(data=True)]


# Restrictions


def test_the_engine_was_told_every_restriction(rig: DockerRig) -> None:
    with rig.start("hang"):
        told = rig.client.containers.get(f"bakeoff-{rig.run_id}-toy-1.0.play.s1").attrs
    host = told["HostConfig"]
    assert told["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["Privileged"], host["Init"]) == (True, False, True)
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["NetworkMode"], host["IpcMode"]) == ("none", "private")
    assert (host["PidsLimit"], host["ShmSize"]) == (4096, 2**30)
    assert 0 < host["Memory"] == host["MemorySwap"]
    assert host["AutoRemove"] is False
    assert host["LogConfig"]["Type"] == "json-file"
    mounts = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in told["Mounts"]}
    assert mounts == {"/data": ("volume", False), "/out": ("volume", True)}


def test_a_worker_may_write_to_out_and_tmp_and_nothing_else(rig: DockerRig) -> None:
    tried = _surroundings(rig)
    assert (tried["CapBnd"], tried["NoNewPrivs"], tried["Seccomp"]) == ("0000000000000000", "1", "2")
    assert tried["uid"] == "10001"
    assert tried["network"] == "Network is unreachable"
    assert (tried["/"], tried["/data"]) == ("Read-only file system", "Read-only file system")
    assert (tried["/tmp"], tried["/out"]) == ("done", "done")
    assert tried["home"] == "/tmp"


def test_no_variable_of_the_hosts_reaches_a_worker(rig: DockerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "1")
    assert "MY_SECRET" not in _surroundings(rig)["environment"].split()


def test_a_ready_image_without_an_out_folder_can_write_to_it_too(rig: DockerRig) -> None:
    """The toy's image has no /out of its own, so its volume starts root-owned."""
    assert _surroundings(rig)["/out"] == "done"


# Data


def test_the_data_volume_is_filled_once_and_again_after_damage(rig: DockerRig, tmp_path: Path) -> None:
    said: list[str] = []
    data = tmp_path / "mnist"
    data.mkdir()
    for name in ("manifest.json", "train.parquet", "test.parquet"):
        (data / name).write_text(f"{name} {rig.run_id}")
    rig.engine.supply(data, rig.prepared, said.append)
    assert len(said) == 1
    rig.engine.supply(data, rig.prepared, said.append)
    assert len(said) == 1
    _overwrite(rig, "train.parquet", f"train.parquet {rig.run_id}".upper().encode())
    rig.engine.supply(data, rig.prepared, said.append)
    assert len(said) == 2
    rig.engine.supply(data, rig.prepared, said.append)
    assert len(said) == 2


# The record


class SmallLog(DockerEngine):
    """An engine whose log keeps two files of 100 kB: most of a fast stream is rotated away."""

    log = LogConfig(type="json-file", config={"max-size": "100k", "max-file": "2"})

    def arguments(self, launch: Launch, out_volume: str) -> dict[str, Any]:
        return {**super().arguments(launch, out_volume), "log_config": self.log}


class NoLog(SmallLog):
    log = LogConfig(type="none")


def test_a_hole_that_log_rotation_tears_is_filled_from_the_file(make: Callable[..., DockerRig]) -> None:
    record = make(SmallLog).run("many 9000")
    assert record.status is Status.DONE
    assert (record.events.received, record.events.lost) == (9005, 0)


def test_a_log_driver_that_cannot_be_read_costs_no_event(make: Callable[..., DockerRig]) -> None:
    record = make(NoLog).run("many 100")
    assert record.status is Status.DONE
    assert (record.events.received, record.events.lost, record.reconnects) == (105, 0, 0)
    assert record.warnings[0].startswith("there was no live feed")


# How a worker ended


def test_a_worker_that_dies_of_its_own_signal_was_not_killed_from_outside(rig: DockerRig) -> None:
    assert rig.run("die 9").cause == "killed-unknown"


def test_a_bus_error_points_at_shared_memory(rig: DockerRig) -> None:
    record = rig.run("die 7")
    assert record.cause == "bus-error"
    assert "shared memory" in record.reason


def test_a_container_that_somebody_kills_is_told_apart(rig: DockerRig) -> None:
    record = rig.run("hang", on_event=_when_ready(rig, lambda container: container.kill()))
    assert (record.status, record.cause) == (Status.FAILED, "killed")
    assert record.reason == "killed from outside (exit code 137): somebody stopped the container"
    assert record.events.received == 1


def test_a_container_that_somebody_stops_is_told_apart(rig: DockerRig) -> None:
    record = rig.run("hang", on_event=_when_ready(rig, lambda container: container.stop(timeout=5)))
    assert (record.cause, "143" in record.reason) == ("killed", True)


def test_a_container_that_somebody_removes_is_told_apart(rig: DockerRig) -> None:
    record = rig.run("hang", on_event=_when_ready(rig, lambda container: container.remove(force=True)))
    assert (record.status, record.cause) == (Status.FAILED, "removed")
    assert record.events.received == 1


def test_a_worker_beyond_its_memory_is_told_with_its_limit(make: Callable[..., DockerRig]) -> None:
    record = make(memory_bytes=64 * 2**20).run("hungry")
    assert (record.status, record.cause) == (Status.FAILED, "oom")
    assert record.reason == "out of memory: the kernel killed the worker at its limit of 67 MB"


def test_a_child_beyond_the_memory_is_a_warning_where_the_worker_finishes(make: Callable[..., DockerRig]) -> None:
    record = make(memory_bytes=64 * 2**20).run("child")
    assert (record.status, record.cause) == (Status.DONE, "")
    assert record.warnings == ("the kernel killed one of the worker's children for want of memory",)


def test_a_child_beyond_the_memory_explains_a_worker_that_gives_up(make: Callable[..., DockerRig]) -> None:
    assert make(memory_bytes=64 * 2**20).run("child 3").cause == "oom-child"


def test_a_pause_counts_as_no_time_and_the_trial_goes_on(rig: DockerRig) -> None:
    def pause(container: Any) -> None:
        container.pause()
        timer = threading.Timer(2.5, container.unpause)
        timer.daemon = True
        timer.start()

    limits = replace(engines.QUICK, poll_seconds=0.2, silence_seconds=1.5, trial_seconds=3.0)
    record = rig.run("beat 0.5", limits, _when_ready(rig, pause))
    assert (record.status, record.events.lost) == (Status.DONE, 0)
    assert 1.5 < record.paused_seconds < 4


def test_a_pause_that_lasts_is_ended_and_named(rig: DockerRig) -> None:
    limits = replace(engines.QUICK, poll_seconds=0.2, paused_seconds=1.0)
    record = rig.run("hang", limits, _when_ready(rig, lambda container: container.pause()))
    assert (record.status, record.cause) == (Status.TIMED_OUT, "paused")


# What cannot start


def test_a_gpu_where_there_is_none_names_the_toolkit_and_leaves_nothing(rig: DockerRig) -> None:
    uuid_of_none = "GPU-00000000-0000-0000-0000-000000000000"
    with pytest.raises(StartError, match="NVIDIA Container Toolkit"):
        rig.engine.start(replace(_launch(rig), gpu=uuid_of_none))


def test_an_image_that_is_gone_leaves_nothing_behind(rig: DockerRig) -> None:
    gone = replace(rig.prepared, handle=f"sha256:{'0' * 64}")
    with pytest.raises(StartError, match="No such image"):
        rig.engine.start(replace(_launch(rig), prepared=gone))


def test_a_start_whose_answer_was_lost_is_taken_up(rig: DockerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine makes and starts the container, and its answer is lost."""
    started = Container.start

    def unanswered(container: Container, **options: Any) -> None:
        started(container, **options)
        monkeypatch.undo()
        monkeypatch.setattr("orchestrator.engines.docker.engine.discard", lambda *_: None)
        raise requests.exceptions.ConnectionError("Connection aborted")

    monkeypatch.setattr(Container, "start", unanswered)
    with pytest.raises(EngineLostError):
        rig.engine.start(_launch(rig))
    worker = rig.docker.adopt(_launch(rig))
    assert worker is not None
    with worker:
        assert worker.poll() is None


def test_a_container_made_late_of_a_request_that_timed_out_is_started_after_all(rig: DockerRig) -> None:
    """A slow engine makes it after the question for it, and the next request meets its name."""
    launch = _launch(rig)
    assert rig.docker.adopt(launch) is None
    name, labels = f"bakeoff-{rig.run_id}-toy-1.0.play.s1", labels_of(launch)
    out = files.make_out(rig.client, rig.prepared.handle, f"{name}-out", labels)
    arguments = rig.docker.arguments(launch, out.name)
    rig.client.containers.create(rig.prepared.handle, name=name, labels=labels, **arguments)
    with pytest.raises(EngineLostError, match="Conflict"):
        rig.engine.start(launch)
    assert rig.docker.adopt(launch) is None  # never started, so it is removed
    with rig.engine.start(launch) as worker:
        assert worker.poll() is None


@pytest.mark.parametrize("way", ["start", "adopt"])
def test_a_name_that_is_taken_is_refused_and_its_owner_survives(rig: DockerRig, way: str) -> None:
    foreign = rig.client.containers.create(rig.prepared.image, name=f"bakeoff-{rig.run_id}-toy-1.0.play.s1")
    try:
        with pytest.raises(StartError, match="is not this trial's"):
            getattr(rig.engine, way)(_launch(rig))
        foreign.reload()
    finally:
        foreign.remove()


def test_what_a_host_had_half_made_is_removed_and_made_anew(rig: DockerRig) -> None:
    labels = labels_of(_launch(rig))
    volume = rig.client.volumes.create(f"bakeoff-{rig.run_id}-toy-1.0.play.s1-out", labels=labels)
    rig.client.containers.create(
        rig.prepared.image, name=f"bakeoff-{rig.run_id}-toy-1.0.play.s1", labels=labels, volumes=[f"{volume.name}:/out"]
    )
    assert rig.engine.adopt(_launch(rig)) is None
    assert rig.left_behind() == []


def test_what_a_host_left_that_was_killed_at_the_data_is_removed_when_it_is_old(
    rig: DockerRig, data_volume: str, mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = rig.client.containers.create(rig.prepared.image, labels={**OWNER_LABELS, HELD_VOLUME_LABEL: data_volume})
    fill_data(rig.client, rig.prepared.image, mnist_folder, data_volume)
    left.reload()
    time.sleep(1.1)
    monkeypatch.setattr(files, "STALE_SECONDS", 1.0)
    fill_data(rig.client, rig.prepared.image, mnist_folder, data_volume)
    with pytest.raises(NotFound):
        left.reload()


def _prepare(client: DockerClient, toy: Path, say: Say) -> Prepared:
    engine = engines.docker_engine(client, images=toy.parent)
    return engine.prepare(parse(toy.name, toy.parent), "cpu", say)


def _launch(rig: DockerRig) -> Launch:
    return rig.launch("hang")


def _surroundings(rig: DockerRig) -> dict[str, str]:
    told: list[str] = []
    record = rig.run(
        "surroundings", on_event=lambda _, event: told.append(event.message) if isinstance(event, Warned) else None
    )
    assert record.status is Status.DONE
    found: dict[str, str] = json.loads(told[0])
    return found


def _when_ready(rig: DockerRig, act: Callable[[Any], None]) -> Callable[[str, Event], None]:
    def on_event(_: str, event: Event) -> None:
        if isinstance(event, WorkerReady):
            act(rig.client.containers.get(f"bakeoff-{rig.run_id}-toy-1.0.play.s1"))

    return on_event


def _overwrite(rig: DockerRig, name: str, content: bytes) -> None:
    packed = io.BytesIO()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    volume = Mount("/data", rig.volume, type="volume")
    holder = rig.client.containers.create(rig.prepared.image, mounts=[volume])
    try:
        holder.put_archive("/data", packed.getvalue())
    finally:
        holder.remove()


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)
