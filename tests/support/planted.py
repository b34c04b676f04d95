"""Plants mistakes into a worker that is ready to run: the same image or environment, a few lines of its source changed.

A change names the text that it replaces. Where that text is not there exactly once, the test fails: a mistake that
is not planted would pass for one that is seen.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.engine import Engine, Prepared
from tests.support.paths import ROOT

IN_IMAGE = "/opt/bakeoff"


class Change(NamedTuple):
    """One text of a source file, and what stands there instead."""

    file: str  # from the repository's root
    old: str
    new: str


@contextmanager
def planted(engine: Engine, prepared: Prepared, changes: Sequence[Change], folder: Path) -> Iterator[Prepared]:
    """Yield the worker with the changes in it; an image that was made for it is removed afterwards."""
    files = changed_files(changes)
    if not files:
        yield prepared
        return
    if not isinstance(engine, DockerEngine):
        shutil.copytree(prepared.app, folder / "app")
        for name, content in files.items():
            (folder / "app" / name).write_text(content, encoding="utf-8")
        yield replace(prepared, app=str(folder / "app"))
        return
    tag = engine.client.images.get(prepared.handle).tags[0]  # by its id, the builder looks for it in a registry
    image, _ = engine.client.images.build(fileobj=pack(tag, files), custom_context=True, rm=True)
    made = str(image.id)
    try:
        yield replace(prepared, image=made, handle=made)
    finally:
        engine.client.images.remove(made, force=True)


def changed_files(changes: Sequence[Change]) -> dict[str, str]:
    """Return each changed file's text, by name."""
    files: dict[str, str] = {}
    for change in changes:
        text = files.get(change.file) or (ROOT / change.file).read_text(encoding="utf-8")
        assert text.count(change.old) == 1, f"{change.file} does not have exactly one {change.old!r}"
        files[change.file] = text.replace(change.old, change.new)
    return files


def pack(image: str, files: dict[str, str]) -> io.BytesIO:
    """Pack a build context that copies files over those of an image."""
    recipe = "".join([f"FROM {image}\n", *(f"COPY {name} {IN_IMAGE}/{name}\n" for name in files)])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in {"Dockerfile": recipe, **files}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content.encode()), 0o644
            archive.addfile(member, io.BytesIO(content.encode()))
    packed.seek(0)
    return packed
