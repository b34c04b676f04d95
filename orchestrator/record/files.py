"""Files on the host's disk: written aside and renamed, and every fault told with the file and the way out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from orchestrator.errors import PreflightError


def write_model(path: Path, model: BaseModel) -> None:
    write(path, model.model_dump_json(indent=2).encode() + b"\n")


def fresh(out: Path, name: str) -> Path:
    """Make a folder that did not exist, so that two comparisons of one second never mix."""
    for suffix in ("", *(f"-{count}" for count in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            (out / (name + suffix)).mkdir()
            return out / (name + suffix)
    raise FileExistsError(0, "a hundred runs in one second")


def write(path: Path, content: bytes) -> None:
    """Write aside, flush to disk, rename: a reader sees the old file or the new one, never half."""
    with guarded(path), tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
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
def guarded(path: Path) -> Iterator[None]:
    """Name the fault where the disk does not take a file; a comparison cannot go on without its records."""
    try:
        yield
    except OSError as error:
        raise fault(path, error) from error


def fault(path: Path, error: OSError) -> PreflightError:
    remedy = "free space, or name another folder with --out; what was written before stays"
    return PreflightError(f"cannot write {path}: {error.strerror}", remedy)
