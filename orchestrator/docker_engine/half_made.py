"""What a start left that the engine's absence cut in two: the container may be there, though nobody was told."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from docker import DockerClient
from docker.errors import NotFound

from orchestrator.docker_engine.owned import OWNER, RUN, TRIAL


def clear_half_made(client: DockerClient, name: str, labels: Mapping[str, str]) -> None:
    """Remove what a start of ours left, told by the labels of its run and trial, also where it runs by now.

    Nothing of it was read, so no measurement is lost. Whatever else has the name stays, and the start says so.
    """
    with contextlib.suppress(NotFound):
        container = client.containers.get(name)
        if not _same(container.labels, labels):
            return
        container.remove(force=True)
    with contextlib.suppress(NotFound):
        volume = client.volumes.get(f"{name}-out")
        if _same(volume.attrs.get("Labels") or {}, labels):
            volume.remove(force=True)


def _same(found: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(found.get(key) == labels[key] for key in (OWNER, RUN, TRIAL))
