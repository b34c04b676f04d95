"""Writes files so that a reader sees an old or a new one, never half; disk errors name the file and the remedy."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from orchestrator.errors import PreflightError


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as JSON."""
    write(path, model.model_dump_json(indent=2).encode() + b"\n")


def make_unique_folder(out: Path, name: str) -> Path:
    """Make a folder of a new name, numbered where it is taken: two comparisons of one second never mix."""
    for suffix in ("", *(f"-{count}" for count in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            (out / (name + suffix)).mkdir()
            return out / (name + suffix)
    raise FileExistsError(0, "a hundred runs in one second")


def write(path: Path, content: bytes) -> None:
    """Write aside, flush to disk, rename: a reader sees the old file or the new one, never half."""
    with (
        name_disk_errors(path),
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file,
    ):
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def name_disk_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a PreflightError that names the file: a comparison cannot go on without its records."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> PreflightError:
    """Make the PreflightError of a disk that does not take a file."""
    remedy = "free space, or name another folder with --out; what was written before stays"
    return PreflightError(f"cannot write {path}: {error.strerror}", remedy)
