"""What a folder holds instead of MNIST's four files, as people have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.data import folder_contents
from orchestrator.data.folder_contents import describe

FOUR = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte")


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("train-00000-of-00001.parquet",), "Parquet, as Hugging Face's ylecun/mnist has it"),
        (("mnist/train-00000-of-00001.parquet",), "Parquet, as Hugging Face's"),
        (("manifest.json", "train.parquet", "test.parquet"), "bakeoff's own prepared data set"),
        (("mnist.npz",), "as Keras downloads it"),
        (("processed/training.pt",), "as torchvision once processed them"),
        (("mnist.pkl.gz",), "a pickle"),
        (("mnist_train.csv", "mnist_test.csv"), "CSV"),
        (("0/1.png", "1/2.png"), "images, one a file"),
        (("archive.zip",), "an archive, still packed"),
        (("mnist.tar.gz",), "an archive, still packed"),
        (tuple(f"MNIST/raw/{name}" for name in FOUR), "IDX files lie in its folder MNIST/raw: name that one"),
        (tuple(f"raw/{name}" for name in FOUR), "IDX files lie in its folder raw: name that one"),
    ],
)
def test_other_forms_of_mnist_are_recognised(tmp_path: Path, names: tuple[str, ...], told: str) -> None:
    assert told in describe(made(tmp_path, *names))


def test_what_is_not_known_is_listed_as_it_is(tmp_path: Path) -> None:
    assert describe(made(tmp_path, "b.txt", "a.txt")) == "the folder holds a.txt, b.txt"
    made(tmp_path, *(f"c{number}" for number in range(9)))
    assert describe(tmp_path) == "the folder holds a.txt, b.txt, c0, c1, c2, c3 and 5 more"


def test_no_folder_a_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    assert describe(tmp_path / "none") == "there is no such folder"
    assert describe(made(tmp_path, "file") / "file") == "that is a file, not a folder"
    (tmp_path / "empty").mkdir()
    assert describe(tmp_path / "empty") == "the folder is empty"


def test_no_more_of_a_large_folder_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_contents, "LOOKED_AT", 2)
    assert describe(made(tmp_path, "a", "b", "c")).count(",") == 1
