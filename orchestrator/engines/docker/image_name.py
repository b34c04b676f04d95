"""The names of images, which Docker and Podman write differently."""

from __future__ import annotations

_MADE_HERE = "localhost/"
"""What Podman puts in front of an image that no registry gave; a registry on this machine has a port."""

_PODMAN_WRITES = ("docker.io/library/", "docker.io/", _MADE_HERE)


def familiar(name: str) -> str:
    """Return a name, tag and digest and all, as Docker writes it: without what Podman puts in front."""
    prefix = next((each for each in _PODMAN_WRITES if name.startswith(each)), "")
    return name.removeprefix(prefix)


def from_registry(name: str) -> bool:
    """Tell whether a registry can have given the image: Podman has a digest for those that were made here too."""
    return not name.startswith(_MADE_HERE)
