"""Facts of a Docker Engine, each as it stands, and the checks that come of them; no engine is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.engines.check import State
from orchestrator.engines.docker import judge
from orchestrator.engines.docker.inspection import BaseImage, product
from tests.support.checks import LOCAL

OK, WARNING, FAILED, SKIPPED = State.OK, State.WARNING, State.FAILED, State.SKIPPED
REMOTE = replace(LOCAL, place="remote, http://build:2375", root=None)


def test_an_engine_says_where_it_is_and_what_led_there() -> None:
    assert "(API 1.41), local; Debian" in judge.reached(LOCAL, "").found
    assert "remote, http://build:2375, named by the CLI context build" in (
        judge.reached(REMOTE, "the CLI context build").found
    )


PODMAN = {"Version": "4.3.1", "Components": [{"Name": "Podman Engine"}, {"Name": "Conmon"}, {"Name": "OCI Runtime"}]}
DOCKER = {"Version": "28.2.2", "Components": [{"Name": "Engine"}, {"Name": "containerd"}, {"Name": "runc"}]}


@pytest.mark.parametrize(
    ("version", "name"), [(PODMAN, "Podman"), (DOCKER, "Docker"), ({}, "Docker"), ({"Components": None}, "Docker")]
)
def test_an_engine_is_called_what_its_components_say(version: dict[str, Any], name: str) -> None:
    assert product(version) == name
    assert judge.reached(replace(LOCAL, product=name, version="4.3.1"), "").found.startswith(f"{name} 4.3.1 (API")


def test_what_podman_lacks_is_said_and_docker_lacks_nothing() -> None:
    assert "may not tell why a worker was killed" in judge.notice("Podman")
    assert judge.notice("Docker") == ""


@pytest.mark.parametrize(("ahead", "state"), [(0.2, OK), (-4.9, OK), (7.0, WARNING), (-3600.0, WARNING)])
def test_a_clock_that_is_off_is_a_warning_with_its_direction(ahead: float, state: State) -> None:
    found = judge.clock(replace(LOCAL, ahead_seconds=ahead))
    assert found.state is state
    if state is WARNING:
        assert ("ahead of" if ahead > 0 else "behind") in found.found
        assert "NTP" in found.fix


@pytest.mark.parametrize(
    ("image", "needed", "state"),
    [
        (BaseImage("base:1", present=True), True, OK),
        (BaseImage("base:1", present=False), True, OK),
        (BaseImage("base:1", present=False, fault="no such host"), False, SKIPPED),
        (BaseImage("base:1", present=False, fault="no such host"), True, FAILED),
        (
            BaseImage("base:1", present=False, fault="Path /v1.41/distribution/base:1/json is not supported"),
            True,
            SKIPPED,
        ),
    ],
)
def test_a_base_image_matters_where_something_is_built_on_it(image: BaseImage, needed: bool, state: State) -> None:
    found = judge.base(image, needed)
    assert found.state is state
    assert ("BAKEOFF_BASE_IMAGE" in found.fix) == (state is FAILED)


@pytest.mark.parametrize(("ours", "state"), [(None, OK), (True, OK), (False, WARNING)])
def test_a_volume_without_our_label_is_anothers(ours: bool | None, state: State) -> None:
    found = judge.volume("bakeoff-mnist", ours)
    assert found.state is state
    assert ("docker volume rm bakeoff-mnist" in found.fix) == (state is WARNING)


@pytest.mark.parametrize(
    ("ready", "asked", "state"), [(True, True, OK), (False, False, WARNING), (False, True, FAILED)]
)
def test_an_engine_without_the_toolkit_falls_back_unless_a_gpu_was_asked_for(
    ready: bool, asked: bool, state: State
) -> None:
    found = judge.toolkit(ready, asked)
    assert found.state is state
    assert ("NVIDIA Container Toolkit" in found.fix) != ready
