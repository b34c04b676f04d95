"""The checks of a real engine: limits tried from inside, and each one's absence caught."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from orchestrator import doctor
from orchestrator.engines.check import Check, State
from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker import judge_limits as limits
from orchestrator.engines.docker.checks import DockerChecks
from orchestrator.engines.docker.container_options import restrictions
from orchestrator.engines.docker.inspection import INSIDE, TRIED_MEMORY_BYTES, TRIED_PROCESSES, Checkup
from orchestrator.engines.docker.labels import OWNER_LABELS, RUN_LABEL
from orchestrator.engines.docker.one_off import OUTPUT_BYTES, run
from orchestrator.engines.engine_checks import CheckTarget
from orchestrator.errors import PreflightError
from orchestrator.host.gpus import Gpu
from orchestrator.spec.contenders import Contender, parse
from orchestrator.spec.spec import Spec
from orchestrator.values import Say
from tests.support.engines import DockerRig, quiet
from tests.support.groups import slow
from tests.support.paths import TOYS

pytestmark = pytest.mark.docker

OK = State.OK


@pytest.fixture(scope="module")
def rig(docker_client: DockerClient, data_volume: str, tmp_path_factory: pytest.TempPathFactory) -> DockerRig:
    return DockerRig(tmp_path_factory.mktemp("doctor"), docker_client, data_volume)


@pytest.fixture
def checkup(rig: DockerRig) -> Checkup:
    return rig.docker.checkup()


@pytest.fixture(autouse=True)
def _nothing_is_left(docker_client: DockerClient, rig: DockerRig) -> Iterator[None]:
    """Hold the checks to what they promise: what they started from our image is gone.

    A worker of another test beside this one has the same image; it carries its run's label, as no check does.
    """
    yield
    filters: Any = {"ancestor": rig.prepared.image}
    containers = docker_client.containers.list(all=True, filters=filters, ignore_removed=True)
    assert [container for container in containers if RUN_LABEL not in container.labels] == []


def checks_of(checkup: Checkup, folder: Path, *contenders: Contender, say: Say = quiet, **fields: Any) -> DockerChecks:
    target = CheckTarget(contenders=contenders, variant="cpu", cache=CheckCache(folder), say=say, **fields)
    return DockerChecks(checkup, target, gives_gpus=True, named_by="")


def tried(client: DockerClient, image: str, **loosened: Any) -> dict[str, State]:
    """Try the limits with some of them loosened; name what is not well."""
    arguments = {**restrictions(TRIED_MEMORY_BYTES), "pids_limit": TRIED_PROCESSES, **loosened}
    ended = run(client, image, ["python3", "-c", INSIDE.read_text()], arguments, 20)
    return {each.id: each.state for each in limits.judge(ended) if each.state is not OK}


def test_the_engine_says_what_it_is(checkup: Checkup) -> None:
    found = checkup.identity()
    assert found.version[0].isdigit()
    assert found.id
    assert abs(found.ahead_seconds) < 60
    assert "cgroup v" in found.surroundings


def test_the_restrictions_of_a_worker_hold_on_this_engine(rig: DockerRig) -> None:
    assert tried(rig.client, rig.prepared.image) == {}


def test_what_the_probe_tells_of_the_disk_is_what_can_be_seen(rig: DockerRig, checkup: Checkup, tmp_path: Path) -> None:
    found, inside_bytes = checks_of(checkup, tmp_path).try_limits(rig.prepared.image)
    assert all(isinstance(each, Check) for each in found)
    seen_bytes = checkup.free_bytes()
    assert inside_bytes is not None
    if seen_bytes is not None:
        assert abs(seen_bytes - inside_bytes) < 2**30


def test_memory_that_an_engine_mounts_elsewhere_is_not_taken_for_the_root(rig: DockerRig) -> None:
    more = dict.fromkeys(("/var/tmp", "/run"), "rw,nosuid,nodev,size=1m")
    assert tried(rig.client, rig.prepared.image, tmpfs={"/tmp": "rw,noexec,mode=1777", **more}) == {}


@pytest.mark.parametrize(
    ("loosened", "caught"),
    [
        ({"user": "0"}, {"limits.rights": State.FAILED}),
        ({"security_opt": []}, {"limits.rights": State.FAILED}),
        ({"cap_drop": []}, {"limits.rights": State.FAILED}),
        ({"network_mode": "bridge"}, {"limits.network": State.FAILED}),
        ({"read_only": False}, {"limits.files": State.FAILED}),
        ({"tmpfs": {}}, {"limits.files": State.FAILED}),
        ({"shm_size": "64m"}, {"limits.files": State.FAILED}),
        ({"pids_limit": 4096}, {"limits.processes": State.WARNING}),
        ({"mem_limit": 2**30, "memswap_limit": 2**30}, {"limits.memory": State.WARNING}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_each_restriction_left_out_is_caught(
    rig: DockerRig, loosened: dict[str, Any], caught: dict[str, State]
) -> None:
    assert tried(rig.client, rig.prepared.image, **loosened) == caught


def test_an_image_without_python_gives_no_answer_and_no_exception(rig: DockerRig) -> None:
    ended = run(rig.client, rig.prepared.image, ["python9", "-c", ""], restrictions(TRIED_MEMORY_BYTES), 20)
    (found,) = limits.judge(ended)
    assert found.state is State.WARNING
    assert "exit code 127" in found.found
    assert "python9" in found.found


def test_what_a_command_prints_is_read_within_bounds(rig: DockerRig) -> None:
    command = ["python3", "-c", "for _ in range(200_000): print('x' * 99)"]
    ended = run(rig.client, rig.prepared.image, command, restrictions(TRIED_MEMORY_BYTES), 20)
    assert (ended.code, len(ended.stdout)) == (0, OUTPUT_BYTES)


def test_a_command_that_does_not_end_is_stopped(rig: DockerRig) -> None:
    command = ["python3", "-c", "import time; time.sleep(60)"]
    assert run(rig.client, rig.prepared.image, command, restrictions(TRIED_MEMORY_BYTES), 1).code is None


def test_a_disk_that_is_too_full_is_told_before_a_build(rig: DockerRig, tmp_path: Path) -> None:
    (tmp_path / "huge").mkdir()
    for file in (TOYS / "toy").iterdir():
        if file.is_file():
            text = file.read_text().replace("size_bytes = 200_000_000", "size_bytes = 1_000_000_000_000_000")
            (tmp_path / "huge" / file.name).write_text(text)
    engine = DockerEngine(rig.client, tmp_path)
    with pytest.raises(PreflightError, match=r"huge==1\.0 needs 1300000\.0 GB of the engine's disk") as refused:
        doctor.check_images(engine, [parse("huge", tmp_path)], "cpu", quiet)
    assert "bakeoff clean --images" in refused.value.remedy


def test_an_image_that_is_there_asks_for_no_room(rig: DockerRig, checkup: Checkup, tmp_path: Path) -> None:
    toy = parse("toy", TOYS)
    assert checkup.image_of(toy, "cpu") == rig.prepared.image
    checks = checks_of(checkup, tmp_path, toy)
    assert checks.to_build() == {}
    assert checks.image_to_try() == rig.prepared.image


def test_a_base_image_that_is_here_and_one_that_cannot_be_had(checkup: Checkup) -> None:
    toy, base = parse("toy", TOYS), os.environ.get("BAKEOFF_BASE_IMAGE", "")
    if base:
        assert replace(checkup, base_image=base).base_of(toy).present
    found = replace(checkup, base_image="localhost:1/no-such-base:none").base_of(toy)
    assert not found.present
    assert "localhost:1" in checkup.pullable(found).fault


def test_a_default_base_image_is_read_where_it_stands(checkup: Checkup) -> None:
    assert replace(checkup, base_image="").base_of(parse("toy", TOYS)).name == "python:3.12-slim-bookworm"


def test_a_volume_is_ours_by_its_label(docker_client: DockerClient, checkup: Checkup, data_volume: str) -> None:
    assert checkup.volume_is_ours() is True
    assert replace(checkup, data_volume="bakeoff-no-such-volume").volume_is_ours() is None
    foreign = docker_client.volumes.create(f"{data_volume}-foreign")
    try:
        assert replace(checkup, data_volume=foreign.name).volume_is_ours() is False
    finally:
        foreign.remove()


def test_what_the_doctor_starts_is_labelled_as_ours(rig: DockerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[Any] = []
    create = rig.client.containers.create

    def created(*given: Any, **options: Any) -> Any:
        labels.append(options["labels"])
        return create(*given, **options)

    monkeypatch.setattr(type(rig.client.containers), "create", lambda _, *given, **options: created(*given, **options))
    tried(rig.client, rig.prepared.image)
    assert labels == [OWNER_LABELS]


def test_an_image_without_a_probe_is_skipped(rig: DockerRig, checkup: Checkup, tmp_path: Path) -> None:
    mine = parse(f"mine@{rig.prepared.image}")
    (found,) = checks_of(checkup, tmp_path, mine).frameworks()
    assert (found.state, found.found) == (State.SKIPPED, "its image has no probe")
    unbuilt = replace(parse("toy", TOYS), version="0.0.1")
    (found,) = checks_of(checkup, tmp_path, unbuilt).frameworks()
    assert "not built yet" in found.found


def test_a_gpu_that_the_engine_cannot_hand_out_fails_and_leaves_nothing(
    rig: DockerRig, checkup: Checkup, tmp_path: Path
) -> None:
    if rig.docker.gives_gpus():
        pytest.skip("this engine hands out GPUs")
    toy = parse("toy", TOYS)
    checks = checks_of(checkup, tmp_path, toy, gpu=Gpu("GPU-none", "none", "580.65", None, 0))
    (found,) = checks.frameworks({toy: rig.prepared.image})
    assert found.state is State.FAILED
    assert "its container does not start" in found.found


def test_a_whole_examination_builds_nothing_and_leaves_nothing(
    docker_client: DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    # A version that nobody builds: whatever images this machine has, this one is missing.
    found = doctor.examine(Spec(contenders=("torch==0.0.1",), device="cpu"), tmp_path / "runs", None, said.append)
    assert [each.id for each in found][:2] == ["engine", "engine.clock"]
    assert found[2].id.startswith("engine.base_image.")
    states = {each.id: each.state for each in found}
    assert states["framework.torch-0.0.1"] is State.SKIPPED
    assert {states[f"limits.{name}"] for name in ("memory", "processes", "rights", "network", "files")} == {OK}
    assert "trying a container's limits" in said
    assert not (tmp_path / "runs").exists()
    assert docker_client.images.list(filters={"label": "bakeoff.contender=torch==0.0.1"}) == []


@pytest.mark.frameworks
@pytest.mark.parametrize("written", ["torch", *slow("tf", "tf[xla]")])
def test_a_frameworks_probe_runs_for_real_and_its_answer_is_remembered(
    docker_client: DockerClient, written: str, tmp_path: Path
) -> None:
    engine = DockerEngine(docker_client, base_image=os.environ.get("BAKEOFF_BASE_IMAGE", ""))
    contender = parse(written)
    images = {contender: engine.prepare(contender, "cpu", quiet).handle}
    said: list[str] = []
    checks = checks_of(engine.checkup(), tmp_path, contender, say=said.append)
    (found,) = checks.frameworks(images)
    assert (found.state, found.found.count("convolution, product")) == (OK, 1)
    assert len(said) == 1
    assert list(checks.frameworks(images)) == [found]
    assert len(said) == 1
