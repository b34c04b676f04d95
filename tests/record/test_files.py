"""Files on the host's disk: whole or not at all, and every fault with the file and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import PreflightError
from orchestrator.record.files import make_unique_folder, name_disk_errors, write


def test_a_folder_whose_name_is_taken_is_numbered(tmp_path: Path) -> None:
    names = [make_unique_folder(tmp_path, "run").name for _ in range(3)]
    assert names == ["run", "run-2", "run-3"]


def test_a_hundred_folders_of_one_name_are_enough(tmp_path: Path) -> None:
    for _ in range(99):
        make_unique_folder(tmp_path, "run")
    with pytest.raises(FileExistsError, match="a hundred runs"):
        make_unique_folder(tmp_path, "run")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write(path, b"old and long")
    write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_renamed_into_place_leaves_nothing_aside(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(PreflightError, match=r"cannot write .*record\.json: Is a directory") as refused:
        write(tmp_path / "record.json", b"content")
    assert "--out" in (refused.value.remedy or "")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_only_faults_of_the_disk_are_named(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="No space left"), name_disk_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(ValueError, match="another"), name_disk_errors(tmp_path):
        raise ValueError("another")
