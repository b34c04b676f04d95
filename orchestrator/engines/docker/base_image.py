"""What an image is built on: by digest, where a registry has given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.docker.api import get_image
from orchestrator.engines.docker.image_name import familiar, from_registry
from orchestrator.engines.docker.pull import pull
from orchestrator.engines.engine import PrepareError
from orchestrator.errors import PreflightError
from orchestrator.values import Say

OTHER_BASE = "name one that the engine has or can pull with BAKEOFF_BASE_IMAGE"
"""The way out where a base image cannot be had."""


@dataclass(frozen=True)
class Base:
    """A base image that the engine has."""

    name: str  # as it was asked for
    id: str
    digest: str = ""  # of its manifest, "sha256:…"; "" where no registry gave one, as for an image made on the engine
    retries: tuple[str, ...] = ()  # what was tried again to have it

    @property
    def reference(self) -> str:
        """Return what FROM names: the digest where there is one, so that a tag that moves changes nothing."""
        return f"{_without_tag(self.name)}@{self.digest}" if self.digest else self.name

    @property
    def description(self) -> str:
        """Say what it is, for the report."""
        return self.reference if self.digest else f"{self.name}, id {self.id}: no registry gave a digest"


def base_of(client: DockerClient, name: str, contender: str, say: Say, waits_seconds: Sequence[float]) -> Base:
    """Find the base image, pulling it where it is missing. PreflightError where it cannot be had: it concerns all."""
    retries: tuple[str, ...] = ()
    try:
        image = get_image(client, name)
    except ImageNotFound:
        say(f"pulling {name}")
        try:
            image, retries = pull(client, name, say, waits_seconds)
        except PrepareError as error:
            fault = f"cannot get the base image of {contender}: {error}"
            raise PreflightError(fault, error.remedy or OTHER_BASE) from error
    return Base(name, str(image.id), _digest(name, image.attrs.get("RepoDigests") or []), retries)


def _digest(name: str, known: list[str]) -> str:
    """Pick the digest that was asked for, or the one of this repository: another one's may name another manifest."""
    if "@" in name:
        return name.partition("@")[2]
    digests = (reference.partition("@") for reference in known if from_registry(reference))
    return next(
        (digest for repository, _, digest in digests if familiar(repository) == familiar(_without_tag(name))), ""
    )


def _without_tag(name: str) -> str:
    repository, slash, last = name.partition("@")[0].rpartition("/")
    return f"{repository}{slash}{last.partition(':')[0]}"
