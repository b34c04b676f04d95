"""A container that is created and never started: what an image or a volume is reached through."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from docker import DockerClient
from docker.types import Mount


@contextlib.contextmanager
def holding(client: DockerClient, image: str, labels: Mapping[str, str], *mounts: Mount) -> Iterator[Any]:
    """Hold an image, and volumes where they are named, while the block lasts. Nothing of the image runs."""
    holder = client.containers.create(
        image, entrypoint=["true"], network_mode="none", labels=dict(labels), mounts=list(mounts)
    )
    try:
        yield holder
    finally:
        holder.remove(force=True, v=True)
