"""Files in and out of volumes through the engine's API, bounded, one regular member at a time."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import NotFound
from docker.types import Mount

from orchestrator.docker_engine.launch import USER
from orchestrator.docker_engine.owned import OWNED

DATA_VOLUME = "bakeoff-mnist"  # compose.yaml declares the same
DATA_FILES = ("manifest.json", "train.parquet", "test.parquet")


class MemberRefused(ValueError):  # noqa: N818 - a verdict on a file
    """The path is there and is not one regular file within the size limit."""


def fill_data(client: DockerClient, image: str, folder: Path) -> bool:
    """Make the data volume hold the prepared data set; tell whether it had to be copied."""
    client.volumes.create(DATA_VOLUME, labels=OWNED)
    with _holding(client, image, DATA_VOLUME, "/data") as holder:
        wanted = (folder / "manifest.json").read_bytes()
        if _same_files(read_member(holder, "/data/manifest.json", 2**16), wanted):
            return False
        # The manifest goes last: a copy cut short has none, and is repeated.
        for name in reversed(DATA_FILES):
            holder.put_archive("/data", _packed(name, (folder / name).read_bytes()))
        return True


def make_out(client: DockerClient, image: str, name: str, labels: dict[str, str]) -> Any:
    """Make an output volume that the unprivileged user may write.

    A volume starts root-owned where the image has no such folder. Extracting an entry for the
    mount point itself, into a container that is never started, gives it away without running anything.
    """
    volume = client.volumes.create(name, labels=labels)
    with _holding(client, image, name, "/out") as holder:
        entry = tarfile.TarInfo("out/")
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        entry.uid, entry.gid = (int(part) for part in USER.split(":"))
        holder.put_archive("/", _archive(entry, b""))
    return volume


def read_member(container: Any, path: str, limit_bytes: int) -> bytes | None:
    """Read one regular file out of a container, running or not; None where there is none.

    The archive is parsed in memory and nothing is unpacked: a link arrives as a link and is
    refused, as is anything larger than the limit. Raises MemberRefused.
    """
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return None
    packed = io.BytesIO()
    for chunk in stream:
        packed.write(chunk)
        if packed.tell() > limit_bytes + 10240:  # the tar's own blocks
            stream.close()
            raise MemberRefused(f"larger than {limit_bytes} bytes")
    packed.seek(0)
    return _regular(packed)


def _regular(packed: io.BytesIO) -> bytes:
    try:
        with tarfile.open(fileobj=packed) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None and member.isreg() else None
            if file is None:
                raise MemberRefused("not a regular file")
            return file.read()
    except tarfile.TarError as error:
        raise MemberRefused(f"not readable: {error}") from error


@contextmanager
def _holding(client: DockerClient, image: str, volume: str, at: str) -> Iterator[Any]:
    """Create a container that is never started, to reach a volume through it."""
    holder = client.containers.create(
        image,
        entrypoint=["true"],
        network_mode="none",
        labels=OWNED,
        mounts=[Mount(at, volume, type="volume")],
    )
    try:
        yield holder
    finally:
        holder.remove(force=True)


def _same_files(there: bytes | None, wanted: bytes) -> bool:
    """Compare manifests by their hashes; where and when the data came from may differ."""
    try:
        return there is not None and json.loads(there)["files"] == json.loads(wanted)["files"]
    except (ValueError, KeyError, TypeError):
        return False


def _packed(name: str, content: bytes) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    return _archive(entry, content)


def _archive(entry: tarfile.TarInfo, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
