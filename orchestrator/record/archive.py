"""A run in one file, to be kept, sent and run again: `bakeoff archive`.

A ZIP archive with a run folder in it (figures can be made again and are left out), each recipe as it ran, the locks of
the contenders' versions, and `archive.json`, which names every file with its SHA-256. The same run gives the same
bytes. The name of the host and paths of this machine are left out of run.json: an archive is meant to be shown around.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from orchestrator.errors import UsageError
from orchestrator.record.files import name_disk_errors
from orchestrator.record.manifest import Manifest
from orchestrator.record.run_folder import FIGURES, MANIFEST, SUMMARY, RunFolder
from orchestrator.spec import contenders
from orchestrator.spec import recipes as loading
from orchestrator.spec.recipe_toml import to_toml
from orchestrator.values import Value
from shared import mnist
from shared.trial import Trial

INDEX = "archive.json"
RECIPES = "recipes"
LOCKS = "locks"

MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,150}(/[A-Za-z0-9][A-Za-z0-9_.+-]{0,150}){0,6}")
"""The path of a file in an archive, and of a file in a run folder that is packed."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file, the earliest that ZIP knows: an archive of the same run has the same bytes."""


class PackedFile(Value):
    size_bytes: int = Field(ge=0)
    sha256: str


class ArchiveIndex(Value):
    """`archive.json`: what is in the archive, and what the run was made of."""

    schema_name: Literal["bakeoff/archive/1"] = Field("bakeoff/archive/1", alias="schema")
    run: str  # the run folder's name
    images: dict[str, str]  # by contender: the id of what ran
    recipes: tuple[str, ...]
    data: dict[str, str]  # SHA-256 of the images and labels, by view
    files: dict[str, PackedFile]  # by path in the archive, without this one

    model_config = Value.model_config | {"populate_by_name": True, "serialize_by_alias": True}


def pack(folder: RunFolder, to: Path) -> ArchiveIndex:
    """Write the archive of a run that ended. Raises UsageError where the file is there, or the run cannot be read."""
    if to.exists():
        raise UsageError(f"{to} is there already", "name another file with --to, or remove this one")
    if not (folder.path / SUMMARY).exists():
        raise UsageError(f"{folder.id} has not ended", f"`bakeoff resume {folder.id}` ends it")
    manifest = folder.read_manifest()
    trials = [trial for name in manifest.trials if (trial := folder.read_trial(name))]
    if not trials:
        raise UsageError(f"no trial of {folder.id} was started", "there is nothing to archive")
    made = {**_made(manifest, trials), **dict(_locks(manifest, trials))}
    with name_disk_errors(to), _archive(to) as archive:
        files = {name: _write(archive, name, content) for name, content in _contents(folder, made)}
        index = _index(folder, manifest, trials, files)
        _write(archive, INDEX, index.model_dump_json(indent=2).encode() + b"\n")
    return index


@contextlib.contextmanager
def _archive(to: Path) -> Iterator[zipfile.ZipFile]:
    """Hold an archive open beside its final name, and put it in place at the end; without one nothing is left."""
    with tempfile.NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        try:
            with zipfile.ZipFile(file, "w") as archive:
                yield archive
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            Path(file.name).replace(to)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _index(
    folder: RunFolder, manifest: Manifest, trials: Sequence[Trial], files: dict[str, PackedFile]
) -> ArchiveIndex:
    return ArchiveIndex(
        run=folder.id,
        images=manifest.images,
        recipes=tuple(dict.fromkeys(trial.recipe.name for trial in trials)),
        data={view: mnist.DATA_SHA256[view] for view in sorted({trial.recipe.data.view for trial in trials})},
        files=files,
    )


def _made(manifest: Manifest, trials: Sequence[Trial]) -> dict[str, bytes]:
    """Return the files that are made for the archive, by path: recipes as they ran, and run.json without this host."""
    recipes = {trial.recipe.name: trial.recipe for trial in trials}
    files = {f"{RECIPES}/{name}.toml": to_toml(recipe).encode() for name, recipe in recipes.items()}
    spec = {**manifest.spec, "recipes": [_named(written) for written in manifest.spec["recipes"]], "python": []}
    return {**files, MANIFEST: manifest.replace(spec=spec, hosts=()).model_dump_json(indent=2).encode() + b"\n"}


def _named(written: str) -> str:
    """Return a recipe of bakeoff by its name, a file of the user's as the file that is packed."""
    if written in loading.names():
        return written
    try:
        return f"{loading.load(written).name}.toml"
    except UsageError:  # it is gone, or was changed since
        return Path(written).name


def _locks(manifest: Manifest, trials: Sequence[Trial]) -> Iterator[tuple[str, bytes]]:
    """Yield the locks of the contenders' versions, of every Python, as they are in this bakeoff."""
    variant = manifest.spec.get("variant", "")
    for written in dict.fromkeys(trial.contender for trial in trials):
        name, _, version = written.partition("==")
        name = name.partition("[")[0]
        for path in sorted((contenders.IMAGES / name / LOCKS).glob(f"{version}-{variant}-*.txt")) if version else ():
            yield f"{LOCKS}/{name}/{path.name}", path.read_bytes()


def _contents(folder: RunFolder, made: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the archive by its path, sorted: those of the run folder, and those made for it."""
    found = {path.relative_to(folder.path).as_posix(): path for path in folder.path.rglob("*") if path.is_file()}
    packed = {name for name, path in found.items() if _is_packed(name) and not path.is_symlink()}
    for name in sorted(packed | made.keys()):
        yield name, made[name] if name in made else found[name].read_bytes()


def _is_packed(name: str) -> bool:
    """Tell whether a file of a run folder goes into an archive: figures and locks of processes do not."""
    return MEMBER.fullmatch(name) is not None and not name.startswith(f"{FIGURES}/") and not name.endswith(".lock")


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> PackedFile:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    archive.writestr(member, content)
    return PackedFile(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
