"""Podman's service through Docker's API, where BAKEOFF_PODMAN_HOST names one: what it is called, and what it lacks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import NotFound

from orchestrator import doctor
from orchestrator.engines.check import Check, State
from orchestrator.engines.docker import judge
from orchestrator.engines.docker.cleanup import list_owned, remove_all
from orchestrator.engines.docker.labels import LEASE_LABEL, OWNER_LABELS, RUN_LABEL
from orchestrator.record.record import Status
from orchestrator.spec.spec import Spec
from tests.support.engines import DockerRig, quiet

pytestmark = pytest.mark.docker

CONTENDER_LABEL = ("torch==2.13.0",)


@pytest.fixture
def rig(podman_client: DockerClient, podman_volume: str, tmp_path: Path) -> DockerRig:
    return DockerRig(tmp_path, podman_client, podman_volume)


@pytest.fixture
def examined(rig: DockerRig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., dict[str, Check]]:
    """What the doctor says of Podman, check by check."""

    def ask(base_image: str) -> dict[str, Check]:
        monkeypatch.setenv("DOCKER_HOST", os.environ["BAKEOFF_PODMAN_HOST"])
        monkeypatch.setenv("BAKEOFF_BASE_IMAGE", base_image)
        monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
        spec = Spec(contenders=CONTENDER_LABEL, device="cpu")
        return {check.id: check for check in doctor.examine(spec, tmp_path / "runs", None, quiet)}

    return ask


def test_a_trial_runs_and_its_report_names_podman(rig: DockerRig) -> None:
    record = rig.run("many 300")
    assert (record.status, record.events.received, record.events.lost) == (Status.DONE, 305, 0)
    assert rig.left_behind() == []
    assert rig.engine.facts()["engine"].startswith("Podman ")
    assert rig.engine.notice.startswith("Podman ")


def test_the_doctor_names_podman_and_finds_its_limits_well(
    rig: DockerRig, examined: Callable[..., dict[str, Check]]
) -> None:
    (tag, *_) = rig.client.images.get(rig.prepared.image).tags
    found = examined(tag)
    assert found[f"engine.base_image.{tag}"].state is State.OK
    assert found["engine"].found.startswith(f"Podman {rig.client.version()['Version']} (API ")
    assert found["engine.lacks"].state is State.WARNING
    assert {check.state for name, check in found.items() if name.startswith("limits")} == {State.OK}


def test_a_base_image_that_is_not_there_is_no_failure_where_podman_cannot_ask(
    examined: Callable[..., dict[str, Check]],
) -> None:
    found = examined("registry.invalid/base:1")
    assert found["engine.base_image.registry.invalid/base:1"].state is State.SKIPPED


def test_an_image_of_ours_is_listed_for_removal_by_the_name_that_it_was_given(rig: DockerRig) -> None:
    listed = list_owned(rig.client, images=True, data=False, data_volume=rig.volume)
    assert any(each.kind == "image" and each.name.startswith("bakeoff/toy:1.0-cpu") for each in listed)


def test_only_what_carries_every_label_is_removed(podman_client: DockerClient, podman_volume: str) -> None:
    """Podman lists the volumes that carry any of the labels: one run's sweep would have taken all others' with it."""
    mine = podman_client.volumes.create(f"{podman_volume}-1", labels={**OWNER_LABELS, RUN_LABEL: podman_volume})
    remove_all(podman_client, f"{RUN_LABEL}={podman_volume}", f"{LEASE_LABEL}=another")
    assert podman_client.volumes.get(mine.name)
    remove_all(podman_client, f"{RUN_LABEL}={podman_volume}")
    with pytest.raises(NotFound):
        podman_client.volumes.get(mine.name)
    assert podman_client.volumes.get(podman_volume)


@pytest.mark.parametrize("name", ["python:3", "registry.invalid/python:3"])
def test_podmans_word_for_a_question_that_it_does_not_know_is_known(podman_client: DockerClient, name: str) -> None:
    with pytest.raises(NotFound) as refused:
        podman_client.images.get_registry_data(name)
    assert judge.UNASKED.search(str(refused.value.explanation))
