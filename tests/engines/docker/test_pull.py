"""What is said of a pull that the engine begins and does not end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.docker.pull import pull
from orchestrator.engines.engine import PrepareError

IMAGE = "registry.example:5000/team/mine"


class Registry:
    """An engine's answers to pulls, one list of lines each; the image is there after one without an error."""

    def __init__(self, *answers: Sequence[Mapping[str, Any]]) -> None:
        self._answers = list(answers)
        self._there = False
        self.asked: list[tuple[str, str]] = []
        images = SimpleNamespace(get=self._get)
        self.client = cast("DockerClient", SimpleNamespace(api=self, images=images))

    def pull(self, repository: str, tag: str, **_: object) -> Sequence[Mapping[str, Any]]:
        self.asked.append((repository, tag))
        lines = self._answers.pop(0)
        self._there = not any("error" in line for line in lines)
        return lines

    def _get(self, name: str) -> str:
        if not self._there:
            raise ImageNotFound(f"no such image: {name}")
        return name


BEGUN = {"status": "Pulling fs layer", "id": "4f4fb700ef54"}
FULL = {"error": "write /var/lib/docker/tmp/layer: no space left on device"}
BROKEN = {"error": "unexpected EOF"}


def test_a_pull_that_fails_midway_is_told_in_the_engines_words_and_not_as_an_image_that_is_not_there() -> None:
    registry = Registry([BEGUN, FULL])
    with pytest.raises(PrepareError) as refused:
        pull(registry.client, IMAGE, lambda _: None, ())
    assert "no space left on device" in str(refused.value)
    assert "not found" not in str(refused.value)


def test_a_pull_whose_connection_broke_is_tried_again() -> None:
    registry, said = Registry([BEGUN, BROKEN], [BEGUN]), list[str]()
    assert pull(registry.client, IMAGE, said.append, (0.0,))[0] == IMAGE
    assert "connection reset" in said[0]


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        (IMAGE, (IMAGE, "latest")),
        (f"{IMAGE}:2", (IMAGE, "2")),
        (f"{IMAGE}@sha256:{'0' * 64}", (IMAGE, f"sha256:{'0' * 64}")),
    ],
)
def test_one_image_is_pulled_and_not_every_tag_of_its_repository(image: str, asked: tuple[str, str]) -> None:
    registry = Registry([BEGUN])
    pull(registry.client, image, lambda _: None, ())
    assert registry.asked == [asked]
