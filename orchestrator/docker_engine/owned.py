"""Labels: how we know our own. Nothing without them is ever removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient

OWNER = "bakeoff.owner"
OWNED = {OWNER: "bakeoff"}
RUN = "bakeoff.run"
TRIAL = "bakeoff.trial"
CONTENDER = "bakeoff.contender"
CONTENT = "bakeoff.content"

_OURS: Mapping[str, str | list[str] | bool] = {"label": f"{OWNER}=bakeoff"}


@dataclass(frozen=True)
class Owned:
    """Something on the engine that is ours."""

    kind: str  # container, volume, image
    name: str
    detail: str
    handle: Any

    def remove(self) -> None:
        if self.kind == "container":
            self.handle.remove(force=True)
        elif self.kind == "volume":
            self.handle.remove()
        else:
            self.handle.client.images.remove(self.handle.id, force=True)


def leftovers(client: DockerClient, *, images: bool, data: bool, data_volume: str) -> list[Owned]:
    """List what can be removed: containers and output volumes; images and the data volume on request."""
    found = [_container(each) for each in client.containers.list(all=True, filters=dict(_OURS), ignore_removed=True)]
    volumes = client.volumes.list(filters=dict(_OURS))
    found += [Owned("volume", each.name, "", each) for each in volumes if data or each.name != data_volume]
    if images:
        found += [_image(each) for each in client.images.list(filters=dict(_OURS))]
    return found


def _container(container: Any) -> Owned:
    return Owned("container", container.name, container.status, container)


def _image(image: Any) -> Owned:
    size = image.attrs["Size"] / 1e9
    return Owned("image", image.tags[0] if image.tags else image.short_id, f"{size:.1f} GB", image)
