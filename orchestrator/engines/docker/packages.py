"""Reads which packages an image holds, without running anything of it. All that is read is hostile input."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from docker import DockerClient
from docker.errors import ImageNotFound

from orchestrator.engines.docker.api import SDK_ERRORS, get_image, reason
from orchestrator.engines.docker.files import unstarted_container
from orchestrator.engines.docker.image_name import familiar
from orchestrator.engines.docker.labels import OWNER_LABELS
from orchestrator.engines.engine import EngineLostError
from orchestrator.errors import PreflightError

STREAMED_BYTES = 64 * 2**30  # a sparse file of terabytes in an image must not keep us for ever
FILE_BYTES = 16 * 2**20  # Debian's list of packages has some 100 kB; what is larger is passed over
FILES = 20_000

_METADATA = re.compile(r"(?:^|/)[^/]+\.dist-info/METADATA$")
_DEBIAN = re.compile(r"^var/lib/dpkg/status(?:\.d/[^/]+)?$")


@dataclass(frozen=True)
class Contents:
    """An image and the files in it that name packages."""

    id: str
    name: str
    created: str  # RFC 3339, as the engine tells it
    labels: Mapping[str, str]
    python: tuple[bytes, ...]  # METADATA of every distribution
    debian: tuple[bytes, ...]


def read(client: DockerClient, image: str) -> Contents:
    """Walk an image's file system once, as the engine streams it. Raises PreflightError, EngineLostError."""
    try:
        stored = get_image(client, image)
        with unstarted_container(client, str(stored.id), OWNER_LABELS) as holder:
            files = list(pick_lists(holder.export()))
    except ImageNotFound as error:
        message = f"the engine has no image {image}"
        raise PreflightError(message, "`bakeoff images build`, or `docker pull` it") from error
    except SDK_ERRORS as error:
        raise EngineLostError(reason(error)) from error
    return Contents(
        id=str(stored.id),
        name=min(map(familiar, stored.tags), default=str(stored.id)),
        created=str(stored.attrs.get("Created", "")),
        labels=dict(stored.labels),
        python=tuple(content for name, content in files if _METADATA.search(name)),
        debian=tuple(content for name, content in files if _DEBIAN.match(name)),
    )


def pick_lists(stream: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Pick the files that name packages out of a streamed archive: regular, of bounded size, none unpacked."""
    count = 0
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Stream(stream)), mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined] # the library would keep every name of the image
                name = member.name.removeprefix("./").removeprefix("/")
                if not (member.isreg() and member.size <= FILE_BYTES and _is_wanted(name)):
                    continue
                count += 1
                file = archive.extractfile(member)
                if count > FILES or file is None:
                    raise PreflightError(f"the image has more than {FILES} lists of packages", "look at what is in it")
                yield name, file.read()
    except tarfile.TarError as error:
        raise PreflightError(f"the engine's archive of the image cannot be read: {error}", "repeat it") from error


def _is_wanted(name: str) -> bool:
    return bool(_METADATA.search(name) or _DEBIAN.match(name))


class _Stream(io.RawIOBase):
    """Reads chunks as a file, up to a bound."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
            self._read += len(self._rest)
            if self._read > STREAMED_BYTES:
                raise PreflightError(f"the image is larger than {STREAMED_BYTES >> 30} GiB", "look at what is in it")
        taken = min(len(buffer), len(self._rest))
        buffer[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken
