"""Lists and removes the containers, volumes and images that carry our label, and nothing else.

Containers inherit the labels of their image, and images those of their base: so our images do
not carry the label of our containers, and an image that somebody built on one of ours is recognised by its tag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.errors import NotFound

from orchestrator.engines.docker.api import SDK_ERRORS, reason
from orchestrator.engines.docker.image_name import familiar
from orchestrator.engines.docker.labels import CONTENT_HASH_LABEL, OWNER_LABEL, REPOSITORY_PREFIX
from orchestrator.engines.engine import EngineLostError

_OURS: Mapping[str, str | list[str] | bool] = {"label": f"{OWNER_LABEL}=bakeoff"}
OUR_IMAGES: Mapping[str, str | list[str] | bool] = {"label": CONTENT_HASH_LABEL}


@dataclass(frozen=True)
class DockerObject:
    """A container, volume or image that is ours."""

    kind: str  # container, volume, image
    name: str
    detail: str
    handle: Any

    def remove(self) -> None:
        """Remove it; that somebody was faster is no error. Raises EngineLostError, with the engine's reason."""
        try:
            if self.kind == "container":
                self.handle.remove(force=True, v=True)
            elif self.kind == "volume":
                self.handle.remove()
            else:
                self.handle.client.images.remove(self.handle.id, force=True)
        except NotFound:
            return
        except SDK_ERRORS as error:
            raise EngineLostError(f"{self.kind} {self.name}: {reason(error)}") from error


def remove_all(client: DockerClient, *labels: str) -> None:
    """Remove the containers and volumes that carry our label and all of these. Raises EngineLostError."""
    wanted = [f"{OWNER_LABEL}=bakeoff", *labels]
    filters: Any = {"label": wanted}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        if _carries(container.labels, wanted):
            _container(container).remove()
    for volume in client.volumes.list(filters=filters):
        if _carries(volume.attrs.get("Labels"), wanted):
            _volume(volume).remove()


def _carries(labels: Mapping[str, str] | None, wanted: Sequence[str]) -> bool:
    """Look for ourselves: of several labels, Podman lists the volumes that carry any of them."""
    carried = {f"{name}={value}" for name, value in (labels or {}).items()}
    return carried.issuperset(wanted)


def list_owned(client: DockerClient, *, images: bool, data: bool, data_volume: str) -> list[DockerObject]:
    """List what can be removed: containers and output volumes; images and the data volume on request."""
    containers = client.containers.list(all=True, filters=dict(_OURS), ignore_removed=True)
    owned = [_container(container) for container in containers]
    volumes = client.volumes.list(filters=dict(_OURS))
    owned += [_volume(volume) for volume in volumes if data or volume.name != data_volume]
    if images:
        owned += [_image(image) for image in client.images.list(filters=dict(OUR_IMAGES)) if is_ours(image)]
    return owned


def is_ours(image: Any) -> bool:
    """Tell whether every name of an image is one that we give: one built on ours inherits its labels."""
    return all(familiar(tag).startswith(REPOSITORY_PREFIX) for tag in image.tags)


def _container(container: Any) -> DockerObject:
    return DockerObject("container", container.name, container.status, container)


def _volume(volume: Any) -> DockerObject:
    return DockerObject("volume", volume.name, "", volume)


def _image(image: Any) -> DockerObject:
    size = image.attrs["Size"] / 1e9
    return DockerObject("image", familiar(image.tags[0]) if image.tags else image.short_id, f"{size:.1f} GB", image)
