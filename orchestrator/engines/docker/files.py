"""Files in and out of volumes through the engine's API, bounded, one regular member at a time."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.types import Mount

from orchestrator.engines.docker.api import create_container
from orchestrator.engines.docker.container_options import USER
from orchestrator.engines.docker.labels import HELD_VOLUME_LABEL, OWNER_LABEL, OWNER_LABELS

DATA_VOLUME = "bakeoff-mnist"  # compose.yaml declares the same
DATA_FILES = ("train.parquet", "test.parquet")  # what workers read; the manifest says when, which is no content
STALE_SECONDS = 600.0
_TAR_BYTES = 10240  # what an archive of one member holds beside it


class MemberRefusedError(ValueError):
    """The path is there and is not one regular file within the size limit."""


def fill_data(client: DockerClient, image: str, folder: Path, volume: str) -> bool:
    """Make the data volume hold the prepared data set; tell whether it had to be copied.

    The 14 MB are read back and compared, once a comparison: a volume outlives many of them.
    """
    client.volumes.create(volume, labels=OWNER_LABELS)
    with unstarted_container(
        client, image, {**OWNER_LABELS, HELD_VOLUME_LABEL: volume}, volume_at("/data", volume)
    ) as holder:
        _remove_stale(client, holder, volume)
        files = {name: (folder / name).read_bytes() for name in DATA_FILES}
        if all(_holds(holder, f"/data/{name}", content) for name, content in files.items()):
            return False
        for name, content in files.items():
            holder.put_archive("/data", _pack(name, content))
        return True


def _remove_stale(client: DockerClient, holder: Any, volume: str) -> None:
    """Remove what hosts that were killed here have left. Younger ones may be of a comparison beside this one."""
    now = datetime.fromisoformat(holder.attrs["Created"])  # the engine's clock, as theirs
    filters: Any = {"label": [f"{OWNER_LABEL}=bakeoff", f"{HELD_VOLUME_LABEL}={volume}"]}
    for old in client.containers.list(all=True, filters=filters, ignore_removed=True):
        if (now - datetime.fromisoformat(old.attrs["Created"])).total_seconds() > STALE_SECONDS:
            with contextlib.suppress(APIError):
                old.remove(force=True, v=True)


def _holds(holder: Any, path: str, content: bytes) -> bool:
    try:
        return read_member(holder, path, len(content)) == content
    except MemberRefusedError:
        return False


def make_out(client: DockerClient, image: str, name: str, labels: dict[str, str]) -> Any:
    """Make an output volume that the unprivileged user may write.

    A volume starts root-owned where the image has no such folder. Extracting an entry for the
    mount point itself, into a container that is never started, gives it away without running anything.
    """
    volume = client.volumes.create(name, labels=labels)
    try:
        with unstarted_container(client, image, labels, volume_at("/out", name)) as holder:
            entry = tarfile.TarInfo("out/")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            entry.uid, entry.gid = (int(part) for part in USER.split(":"))
            holder.put_archive("/", _make_archive(entry, b""))
    except BaseException:
        volume.remove(force=True)
        raise
    return volume


def read_member(container: Any, path: str, limit_bytes: int) -> bytes | None:
    """Read one regular file out of a container, running or not; None where there is none.

    The archive is parsed in memory and nothing is unpacked: a link arrives as a link and is
    refused, as is anything larger than the limit. Raises MemberRefusedError.
    """
    status = _status(container, path)
    if status is None:
        return None
    if int(status["mode"]) & ~0o777:  # Go's file mode: any higher bit is a kind of file, or a set-uid bit
        raise MemberRefusedError("not a regular file")
    if int(status["size"]) > limit_bytes:
        raise MemberRefusedError(f"larger than {limit_bytes} bytes")
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return None
    return _unpack_regular(_read_limited(stream, limit_bytes + _TAR_BYTES))


def _status(container: Any, path: str) -> dict[str, Any] | None:
    """Ask for a path's mode and size alone: the SDK's own call starts the transfer and cannot break it off."""
    api = container.client.api
    url = f"{api.base_url}/v{api.api_version}/containers/{container.id}/archive"
    answer = api.head(url, params={"path": path}, timeout=api.timeout)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return None
    answer.raise_for_status()
    status: dict[str, Any] = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    return status


def _read_limited(stream: Iterator[bytes], limit_bytes: int) -> io.BytesIO:
    packed = io.BytesIO()
    for chunk in stream:
        packed.write(chunk)
        if packed.tell() > limit_bytes:
            raise MemberRefusedError("it grew while it was read")
    packed.seek(0)
    return packed


def _unpack_regular(packed: io.BytesIO) -> bytes:
    try:
        with tarfile.open(fileobj=packed) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None and member.isreg() else None
            if file is None:
                raise MemberRefusedError("not a regular file")
            return file.read()
    except tarfile.TarError as error:
        raise MemberRefusedError(f"not readable: {error}") from error


def volume_at(path: str, volume: str) -> Mount:
    return Mount(path, volume, type="volume")


def _pack(name: str, content: bytes) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    return _make_archive(entry, content)


def _make_archive(entry: tarfile.TarInfo, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@contextlib.contextmanager
def unstarted_container(client: DockerClient, image: str, labels: Mapping[str, str], *mounts: Mount) -> Iterator[Any]:
    """Create a container without starting it, to copy files out of an image or in and out of a volume.

    It is removed at the end of the block; nothing of the image runs.
    """
    holder = create_container(
        client, image, entrypoint=["true"], network_mode="none", labels=dict(labels), mounts=list(mounts)
    )
    try:
        yield holder
    finally:
        holder.remove(force=True, v=True)
