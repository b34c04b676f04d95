"""Lists the images that bakeoff built on an engine: ours by their labels, as in `cleanup`, with what those say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker import DockerClient

from orchestrator.engines.built_image import BuiltImage
from orchestrator.engines.docker.build import wanted_image
from orchestrator.engines.docker.cleanup import OUR_IMAGES, DockerObject, is_ours
from orchestrator.engines.docker.image_name import familiar
from orchestrator.engines.docker.labels import CONTENDER_LABEL, CONTENT_HASH_LABEL, LOCK_LABEL, STACK_LABEL
from orchestrator.errors import UsageError
from orchestrator.spec.contenders import parse
from orchestrator.spec.stack import Stack, dated, stack_of


def list_images(client: DockerClient, images: Path, base_image: str) -> list[BuiltImage]:
    """List what bakeoff built, by contender, the newest first. Raises SDK_ERRORS.

    `images` holds the contenders' folders, `base_image` "" is each Dockerfile's own.
    """
    used = {container.attrs["ImageID"] for container in client.containers.list(all=True, sparse=True)}
    ours = filter(is_ours, client.images.list(filters=dict(OUR_IMAGES)))
    found = [_built(image, images, base_image, in_use=image.id in used) for image in ours]
    newest_first = sorted(_superseded(found), key=lambda each: each.created_at, reverse=True)
    return sorted(newest_first, key=lambda each: (each.contender, each.variant))


def _superseded(found: Iterable[BuiltImage]) -> Iterator[BuiltImage]:
    built = list(found)
    current = [each for each in built if each.state == "current"]
    for image in built:
        alike = [each for each in current if (each.contender, each.stack) == (image.contender, image.stack)]
        successors = {each.variant for each in alike}
        after = image.state == "stale" and bool(successors & {image.variant} if image.variant else successors)
        yield replace(image, state="superseded") if after else image


def _built(image: Any, images: Path, base_image: str, *, in_use: bool) -> BuiltImage:
    labels, content = image.labels, image.labels[CONTENT_HASH_LABEL]
    contender = labels.get(CONTENDER_LABEL, "")
    by_content = sorted((tag for tag in map(familiar, image.tags) if f"-{content}" in tag), key=len)
    variant = by_content[0].partition(f"-{content}")[0].rpartition("-")[2] if by_content else ""
    lock, stack = labels.get(LOCK_LABEL, ""), stack_of(labels.get(STACK_LABEL, ""))
    return BuiltImage(
        contender=contender,
        variant=variant,
        name=next(iter((*by_content, *map(familiar, image.tags), image.short_id))),
        content=content,
        size_bytes=int(image.attrs["Size"]),
        created_at=datetime.fromisoformat(labels.get("org.opencontainers.image.created") or image.attrs["Created"]),
        stack=stack,
        lock="" if lock == "false" else lock,
        state="current" if content == _content_now(contender, stack, variant, images, base_image) else "stale",
        in_use=in_use,
        remove=lambda: DockerObject("image", image.short_id, "", image).remove(),
    )


def _content_now(contender: str, stack: Stack, variant: str, images: Path, base_image: str) -> str:
    """Return the content hash that a build would have today; "" where the contender is not offered any more."""
    try:
        asked = replace(parse(contender, images), stack=dated(stack, datetime.now(UTC).date()))
        return wanted_image(asked, variant, images, base_image).content.content_hash
    except (UsageError, KeyError):  # another bakeoff's contender, or a variant that this one's has not
        return ""
