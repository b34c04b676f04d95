"""What several test files need: the real MNIST, prepared once a session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator import dataset
from orchestrator.errors import PreflightError
from shared import mnist


@pytest.fixture(scope="session")
def mnist_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared Parquet folder: from BAKEOFF_IDX where it is set, else the user's cache or the public sources."""
    named = os.environ.get("BAKEOFF_IDX")
    folder = tmp_path_factory.mktemp("data") / "mnist" if named else dataset.default_folder()
    try:
        return dataset.ensure(folder, Path(named) if named else None, _silently).folder
    except PreflightError as error:
        if named:
            raise
        pytest.skip(f"MNIST is not to be had here: {error.message}")


@pytest.fixture(scope="session")
def idx_folder(mnist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four IDX files, not compressed, made back from the Parquet files."""
    folder = tmp_path_factory.mktemp("idx")
    data = mnist.load(mnist_folder, "28x28")
    for name, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("t10k", data.test_images, data.test_labels),
    ):
        sizes = (len(images), 28, 28)
        header = b"".join(number.to_bytes(4, "big") for number in (2051, *sizes))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = b"".join(number.to_bytes(4, "big") for number in (2049, len(labels)))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder


def _silently(line: str) -> None:
    """Take a line of progress and show it nobody."""
