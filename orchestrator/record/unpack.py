"""Reads an archive, whoever made it: every file is checked before it is written, and none lands outside of its folder.

An archive is refused as a whole: where a member is no plain file of a plain path, where one is missing or too many,
where size or SHA-256 is not that of `archive.json`, and where all of them together are too large. Nothing is
evaluated; what reads the files afterwards takes them as hostile too.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

from pydantic import ValidationError

from orchestrator.errors import UsageError
from orchestrator.record.archive import INDEX, MEMBER, ArchiveIndex, PackedFile
from orchestrator.record.files import name_disk_errors
from orchestrator.record.run_folder import NAME, RunFolder, compare_formats

MOST_BYTES = 2**30
"""Of an archive, and of its files unpacked: a thousand trials have less."""

MOST_FILES = 50_000
_MOST_INDEX_BYTES = 16 * 2**20
_CHUNK_BYTES = 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def unpack(archive: Path, into: Path) -> tuple[RunFolder, ArchiveIndex]:
    """Unpack an archive into a folder of its own below `into`; one that is there already is used if it is whole.

    Raises UsageError where the archive cannot be trusted to be what `bakeoff archive` wrote.
    """
    try:
        if archive.stat().st_size > MOST_BYTES:
            raise _refusal(archive, f"it has more than {MOST_BYTES:,} bytes")
        with zipfile.ZipFile(archive) as opened:
            return _unpack(opened, archive, into)
    except OSError as error:
        raise UsageError(
            f"{archive} cannot be read: {error.strerror or error}", "name the file of an archive"
        ) from error
    except (zipfile.BadZipFile, RuntimeError, struct.error, zlib.error, EOFError, ValueError) as error:
        raise _refusal(archive, str(error)) from error


def _unpack(opened: zipfile.ZipFile, archive: Path, into: Path) -> tuple[RunFolder, ArchiveIndex]:
    members = _members(opened, archive)
    written = _read(opened, members[INDEX], _MOST_INDEX_BYTES)
    index = _index(written, archive)
    if index.files.keys() != members.keys() - {INDEX}:
        raise _refusal(archive, f"its files are not those that {INDEX} lists")
    if sum(file.size_bytes for file in index.files.values()) > MOST_BYTES:
        raise _refusal(archive, f"its files have more than {MOST_BYTES:,} bytes")
    target = into / f"{index.run}-{hashlib.sha256(written).hexdigest()[:8]}"
    if not target.exists():
        with name_disk_errors(target):
            into.mkdir(parents=True, exist_ok=True)
            _fill(opened, members, index, archive, target)
    elif not _is_whole(target, index):
        raise UsageError(f"{target} was changed since it was unpacked", "remove it, then repeat")
    return RunFolder(target.resolve()), index


def _fill(
    opened: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], index: ArchiveIndex, archive: Path, target: Path
) -> None:
    """Write every file beside the target, each as it is found to be what it should be, then rename."""
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, expected in index.files.items():
            content = _checked(opened, members[name], expected, archive)
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(content)
        aside.chmod(0o755)
        aside.rename(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _members(opened: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name. Raises UsageError for one that is no plain file of a plain path, or stands twice."""
    found = opened.infolist()
    if len(found) > MOST_FILES:
        raise _refusal(archive, f"it has more than {MOST_FILES:,} files")
    for member in found:
        kind = stat.S_IFMT(member.external_attr >> 16)
        plain = MEMBER.fullmatch(member.filename) and ".." not in member.filename and kind in (0, stat.S_IFREG)
        if not plain or member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
            raise _refusal(archive, f"{member.filename[:80]!r} is no plain file")
    members = {member.filename: member for member in found}
    if len({name.casefold() for name in members}) < len(found):
        raise _refusal(archive, "a file stands in it twice")
    if INDEX not in members:
        raise _refusal(archive, f"it has no {INDEX}")
    return members


def _index(written: bytes, archive: Path) -> ArchiveIndex:
    try:
        index = ArchiveIndex.model_validate_json(written)
    except ValidationError as error:
        compare_formats(written, f"{INDEX} of {archive.name}", str(ArchiveIndex.model_fields["schema_name"].default))
        raise _refusal(archive, f"{INDEX} cannot be read") from error
    if not NAME.fullmatch(index.run) or ".." in index.run:
        raise _refusal(archive, f"{index.run[:80]!r} cannot name a run")
    return index


def _read(opened: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    """Read at most one byte more than allowed, whatever the member says of its size."""
    try:
        with opened.open(member) as file:
            return file.read(most_bytes + 1)
    except OSError as error:  # it leads to where there is nothing to read: the archive's fault, not the disk's
        raise zipfile.BadZipFile(f"{member.filename} cannot be read: {error.strerror or error}") from error


def _checked(opened: zipfile.ZipFile, member: zipfile.ZipInfo, expected: PackedFile, archive: Path) -> bytes:
    """Read a file that is what the index says; UsageError where it is not."""
    content = _read(opened, member, expected.size_bytes)
    if _packed(content) != expected:
        raise _refusal(archive, f"{member.filename} is not what {INDEX} says")
    return content


def _packed(content: bytes) -> PackedFile:
    return PackedFile(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _is_whole(target: Path, index: ArchiveIndex) -> bool:
    try:
        return all(_packed((target / name).read_bytes()) == expected for name, expected in index.files.items())
    except OSError:
        return False


def _refusal(archive: Path, why: str) -> UsageError:
    return UsageError(f"{archive} is no archive that can be read: {why}", "make it again with `bakeoff archive RUN`")
