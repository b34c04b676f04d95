"""The machine of an engine: smaller than this one, another, or this very one, told apart by a container."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.engines.check_cache import CheckCache
from orchestrator.engines.docker import DockerEngine, connect
from orchestrator.engines.docker import machine as asked
from orchestrator.host import machine as host
from orchestrator.host.machine import Machine
from orchestrator.spec.contenders import parse
from orchestrator.spec.resolve import resolve
from orchestrator.spec.spec import Spec
from tests.support.engines import docker_rigs
from tests.support.paths import TOYS
from tests.support.small_engine import SmallEngine, boot_id

TOLD = {"cpus": 4, "quotas": ["50000 100000", "max 100000"], "boot_id": "b", "files": {"proc/loadavg": "1.5 1 1"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpus": 0},
        {"cpus": "4"},
        {"cpus": 10**9},
        {"quotas": "50000 100000"},
        {"quotas": [""] * 65},
        {"boot_id": None},
        {"files": {"proc/loadavg": 1}},
        {"files": {"proc/cpuinfo": "x" * 8001}},
        {"more": 1},
    ],
)
def test_what_a_container_tells_is_taken_as_it_was_asked_for_alone(wrong: Mapping[str, Any]) -> None:
    assert asked.read(json.dumps(TOLD)) is not None
    assert asked.read(json.dumps({**TOLD, **wrong})) is None


@given(some.binary(max_size=300))
def test_no_bytes_break_the_reader(answer: bytes) -> None:
    assert asked.read(answer) is None


@pytest.fixture
def toy_image(docker_client: DockerClient, data_volume: str, tmp_path: Path) -> Iterator[None]:
    """An image of the toy's, through which an engine can be asked."""
    with docker_rigs(docker_client, data_volume, tmp_path / "toy") as rig:
        rig()
        yield


@pytest.fixture
def look(toy_image: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    def machine(url: str = "", cache: str = "cache") -> Machine:
        if url:
            monkeypatch.setenv("DOCKER_HOST", url)
        engine = connect(os.environ.get("BAKEOFF_BASE_IMAGE", ""))
        toys = DockerEngine(engine.client, TOYS, engine.base_image)
        return toys.machine([parse("toy", TOYS)], CheckCache(tmp_path / cache))

    return machine


@pytest.mark.docker
def test_this_machine_is_known_by_its_kernel_and_described_as_it_is(look: Any) -> None:
    if os.environ.get("DOCKER_HOST"):
        pytest.skip("the engine of these tests may be anywhere")
    found = look()
    assert found.hardware.here
    assert found.hardware.quota is None
    assert found.facts["kernel"] == host.this_machine().facts["kernel"]


@pytest.mark.docker
def test_an_engine_of_one_cpu_that_gives_half_of_it_has_one_thread_and_says_half_a_core(look: Any) -> None:
    with SmallEngine(1, 0.5) as small:
        found = look(small.url)
    assert (found.hardware.cores, found.hardware.quota) == (1, 0.5)
    assert (found.facts["cpu_cores"], found.facts["cpu_quota"]) == ("1", "0.5 cores")
    resolved = resolve(Spec(contenders=("torch",), device="cpu"), found.hardware)
    assert resolved.threads == 1
    assert "only 0.5 of the 8 cores" in resolved.profile_reason


@pytest.mark.docker
def test_of_another_machine_nothing_is_the_clients(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("this machine was asked")

    for name in ("load_now", "facts_here"):
        monkeypatch.setattr(host, name, refuse)
    monkeypatch.setattr("orchestrator.host.gpus.list_gpus", refuse)
    with SmallEngine(1, 1.0, elsewhere=True) as small:
        found = look(small.url)
    assert (found.hardware.here, found.hardware.gpus) == (False, ())
    assert found.hardware.load is not None
    assert found.environment()["machine"] == "not the one that bakeoff ran on"


@pytest.mark.docker
def test_without_an_image_the_engines_own_word_has_to_do(docker_client: DockerClient, tmp_path: Path) -> None:
    engine = DockerEngine(docker_client, TOYS, "registry.invalid/none:1")
    found = engine.machine([], CheckCache(tmp_path))
    assert found.hardware.cores == docker_client.info()["NCPU"]
    assert found.hardware.quota is None


@pytest.mark.docker
@pytest.mark.parametrize(("elsewhere", "second"), [(False, 0.5), (True, 0.25)])
def test_a_container_is_asked_once_a_day_on_this_machine_and_each_time_on_another(
    look: Any, elsewhere: bool, second: float
) -> None:
    with SmallEngine(1, 0.5, elsewhere=elsewhere) as small:
        assert look(small.url).hardware.quota == 0.5
        small.quota = 0.25
        assert look(small.url).hardware.quota == second


def test_the_kernels_boot_id_is_read() -> None:
    assert host.boot_id() == boot_id()
