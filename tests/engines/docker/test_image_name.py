"""Names of images as Docker and as Podman write them."""

from __future__ import annotations

import pytest

from orchestrator.engines.docker.base_image import Base, _digest
from orchestrator.engines.docker.image_name import familiar, from_registry

SHA = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("python:3.12", "python:3.12"),
        ("docker.io/library/python:3.12", "python:3.12"),
        ("docker.io/bakeoff/torch:2.13.0", "bakeoff/torch:2.13.0"),
        ("localhost/mine:1", "mine:1"),
        ("localhost:5000/mine:1", "localhost:5000/mine:1"),
        ("quay.io/library/python:3.12", "quay.io/library/python:3.12"),
        ("docker.io.example/x:1", "docker.io.example/x:1"),
    ],
)
def test_a_name_is_read_as_docker_writes_it(written: str, plain: str) -> None:
    assert familiar(written) == plain


@pytest.mark.parametrize(
    ("asked", "known", "digest"),
    [
        ("python:3.12", [f"python@{SHA}"], SHA),
        ("python:3.12", [f"docker.io/library/python@{SHA}"], SHA),
        ("docker.io/library/python:3.12", [f"python@{SHA}"], SHA),
        ("localhost:5000/base:1", [f"localhost:5000/base@{SHA}"], SHA),
        ("mine:1", [f"localhost/mine@{SHA}"], ""),
        ("localhost/mine:1", [f"localhost/mine@{SHA}"], ""),
        ("python:3.12", [f"quay.io/python@{SHA}"], ""),
    ],
)
def test_a_digest_counts_where_a_registry_gave_it(asked: str, known: list[str], digest: str) -> None:
    assert _digest(asked, known) == digest
    assert Base(asked, "sha256:1", digest).description.endswith("no registry gave a digest") == (not digest)


def test_an_image_that_podman_made_is_from_no_registry() -> None:
    assert not from_registry("localhost/mine:1")
    assert from_registry("localhost:5000/mine:1")
