"""A second build of the same sources: another image beside the first, which stays what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker import DockerClient

from orchestrator.engines.engine import PrepareError
from orchestrator.spec.contenders import parse
from tests.support import engines
from tests.support.engines import quiet

pytestmark = pytest.mark.docker


def test_a_rebuild_is_another_image_and_moves_no_name_of_the_first(docker_client: DockerClient, toy: Path) -> None:
    engine = engines.docker_engine(docker_client, images=toy.parent)
    contender = parse(toy.name, toy.parent)
    first = engine.prepare(contender, "cpu", quiet)
    names = sorted(docker_client.images.get(first.image).tags)
    again = engine.rebuild(contender, "cpu", quiet)
    assert again != first.image
    assert sorted(docker_client.images.get(first.image).tags) == names
    assert [tag.endswith("-again") for tag in docker_client.images.get(again).tags] == [True]
    assert engine.prepare(contender, "cpu", quiet).image == first.image
    ready = engine.prepare(parse(f"rebuilt@{again.removeprefix('sha256:')[:12]}"), "cpu", quiet)
    assert (ready.image, ready.takes_turns) == (again, first.takes_turns)


@pytest.mark.slow  # another build that fails
def test_a_rebuild_that_fails_says_why(docker_client: DockerClient, toy: Path) -> None:
    with (toy / "Dockerfile").open("a") as file:
        file.write("RUN echo nothing will come of this && false\n")
    engine = engines.docker_engine(docker_client, images=toy.parent)
    with pytest.raises(PrepareError):
        engine.rebuild(parse(toy.name, toy.parent), "cpu", quiet)
