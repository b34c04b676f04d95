"""The images that bakeoff built: which are current, stale or superseded, and what may be removed of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.built_image import BuiltImage
from orchestrator.engines.docker import DockerEngine, image_list
from orchestrator.engines.engine import PrepareError
from orchestrator.spec.contenders import parse
from orchestrator.spec.stack import dated
from tests.support import engines
from tests.support.engines import quiet

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(docker_client: DockerClient, toy: Path) -> DockerEngine:
    """An engine with the toy's image built."""
    made = engines.docker_engine(docker_client, images=toy.parent)
    build(made, toy)
    return made


def build(engine: DockerEngine, toy: Path) -> None:
    engine.prepare(parse(toy.name, toy.parent), "cpu", quiet)


def edit(toy: Path) -> None:
    with (toy / "worker.py").open("a") as file:
        file.write("# edited\n")


def toys(engine: DockerEngine, toy: Path) -> list[BuiltImage]:
    return [image for image in engine.built_images() if image.contender == f"{toy.name}==1.0"]


def test_an_image_that_was_just_built_is_current_and_says_what_it_is(engine: DockerEngine, toy: Path) -> None:
    (image,) = toys(engine, toy)
    assert (image.variant, image.state, image.stack, image.in_use) == ("cpu", "current", "pinned", False)
    assert image.name.startswith(f"bakeoff/{toy.name}:1.0-cpu-")
    assert image.size_bytes == engine.client.images.get(image.name).attrs["Size"]


def test_an_edit_makes_an_image_stale_and_the_next_build_supersedes_it(engine: DockerEngine, toy: Path) -> None:
    (before,) = toys(engine, toy)
    edit(toy)
    assert [image.state for image in toys(engine, toy)] == ["stale"]
    build(engine, toy)
    current, superseded = toys(engine, toy)
    assert (current.state, superseded.state) == ("current", "superseded")
    assert superseded.name == before.name
    superseded.remove()
    assert [(image.name, image.state) for image in toys(engine, toy)] == [(current.name, "current")]
    with pytest.raises(ImageNotFound):
        engine.client.images.get(before.name)


def test_a_stack_has_its_own_successor_and_yesterdays_latest_is_stale(
    engine: DockerEngine, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    engine.prepare(replace(parse(toy.name, toy.parent), stack=f"latest-{today}"), "cpu", quiet)
    monkeypatch.setattr(image_list, "dated", lambda stack, day: dated(stack, day + timedelta(days=1)))
    states = {image.stack: image.state for image in toys(engine, toy)}
    assert states == {"pinned": "current", "latest": "stale"}


def test_an_image_of_ours_that_is_compared_by_its_name_tells_its_packages_and_one_built_on_it_does_not(
    engine: DockerEngine, toy: Path
) -> None:
    (image,) = toys(engine, toy)
    own = engine.prepare(parse(toy.name, toy.parent), "cpu", quiet).facts
    ready = engine.prepare(parse(f"mine@{image.name}", toy.parent), "cpu", quiet).facts
    told = ("requirements", "base image")
    assert [ready[name] for name in told] == [own[name] for name in told]
    engine.client.images.get(image.name).tag(f"elsewhere/{toy.name}", "mine")
    try:
        elsewhere = engine.prepare(parse(f"mine@elsewhere/{toy.name}:mine", toy.parent), "cpu", quiet).facts
        assert set(elsewhere).isdisjoint(told)
    finally:
        engine.client.images.remove(f"elsewhere/{toy.name}:mine")


def test_a_latest_of_a_day_that_is_over_is_not_built(engine: DockerEngine, toy: Path) -> None:
    past = replace(parse(toy.name, toy.parent), stack="latest-2026-01-01")
    with pytest.raises(PrepareError, match="what pip picked on 2026-01-01"):
        engine.prepare(past, "cpu", quiet)
    assert [image.stack for image in toys(engine, toy)] == ["pinned"]


def test_another_base_image_makes_an_image_stale(engine: DockerEngine, toy: Path) -> None:
    elsewhere = DockerEngine(engine.client, toy.parent, "localhost:1/another-base:1")
    assert [image.state for image in toys(elsewhere, toy)] == ["stale"]


def test_an_image_of_which_a_container_is_there_is_in_use(engine: DockerEngine, toy: Path) -> None:
    (image,) = toys(engine, toy)
    container = engine.client.containers.create(image.name)
    try:
        assert [each.in_use for each in toys(engine, toy)] == [True]
    finally:
        container.remove()


def test_an_image_that_somebody_built_on_ours_is_not_listed(engine: DockerEngine, toy: Path) -> None:
    (image,) = toys(engine, toy)
    engine.client.images.get(image.name).tag(f"elsewhere/{toy.name}", "mine")
    try:
        assert toys(engine, toy) == []
    finally:
        engine.client.images.remove(f"elsewhere/{toy.name}:mine")
