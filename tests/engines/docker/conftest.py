"""What the tests of the docker engine share: a contender that only this session builds."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from tests.support.paths import TOYS


@pytest.fixture
def toy(docker_client: DockerClient, tmp_path: Path) -> Iterator[Path]:
    """A toy of another name, which no other session builds; its images are removed again."""
    name = f"toy-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "images" / name
    shutil.copytree(TOYS / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text().replace("images/toy", f"images/{name}")
    dockerfile.write_text(text.replace("FROM ${BASE_IMAGE}\n", f"FROM ${{BASE_IMAGE}}\nLABEL toy={name}\n"))
    yield folder
    mine: Any = {"label": f"toy={name}"}  # also what a build that failed left
    for image in sorted(docker_client.images.list(filters=mine), key=lambda image: not image.tags):
        with contextlib.suppress(ImageNotFound):
            docker_client.images.remove(str(image.id), force=True)
