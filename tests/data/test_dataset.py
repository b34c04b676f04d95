"""The prepared folder: made once, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import stat
import threading
from pathlib import Path

import filelock
import pyarrow.parquet as pq
import pytest

from orchestrator.data import dataset, idx, sources
from orchestrator.errors import PreflightError
from orchestrator.values import Say
from shared import mnist
from shared.mnist import Bytes

RESIZE = dataset._resize
RESIZED: dict[int, Bytes] = {}


@pytest.fixture(autouse=True)
def resize_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resize each part of MNIST once, in the first test that makes the data set: 4 seconds saved in each other.

    What differs between the tests is where the files come from and go to; all check the hash of the small view.
    """

    def resize(images: Bytes, say: Say) -> Bytes:
        if len(images) not in RESIZED:
            RESIZED[len(images)] = RESIZE(images, say)
        return RESIZED[len(images)]

    monkeypatch.setattr(dataset, "_resize", resize)


@dataclasses.dataclass
class Counting:
    """A source that counts how often it is asked."""

    path: Path
    name: str = "a counting source"
    asked: int = 0

    def fetch(self, say: Say) -> idx.Files:
        self.asked += 1
        return sources.Folder(self.path).fetch(say)


@dataclasses.dataclass
class Unreachable:
    """A source that must not be asked."""

    name: str = "nowhere"

    def fetch(self, say: Say) -> idx.Files:
        raise AssertionError("the cache is good, nobody needs a source")


def test_both_views_are_made_with_a_manifest_of_hashes(idx_folder: Path, tmp_path: Path) -> None:
    made = dataset.ensure(tmp_path / "mnist", idx_folder, ignored)
    assert made.source == f"the IDX folder {idx_folder}"
    assert set(made.files) == {"train.parquet", "test.parquet"}
    assert made.files["test.parquet"].size_bytes == (tmp_path / "mnist" / "test.parquet").stat().st_size
    assert names_in(tmp_path / "mnist") == ["manifest.json", "test.parquet", "train.parquet"]


def test_a_file_is_one_row_group_of_three_columns(mnist_folder: Path) -> None:
    with pq.ParquetFile(mnist_folder / "train.parquet") as file:
        assert file.num_row_groups == 1
        assert [str(field.type) for field in file.schema_arrow] == [
            "fixed_size_binary[784]",
            "fixed_size_binary[64]",
            "uint8",
        ]
        assert file.schema_arrow.names == ["image", "image_8x8", "label"]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        pixels = mnist.sha256_of(mnist.load(mnist_folder, "8x8").train_images)
        assert file.schema_arrow.metadata[b"sha256_8x8"] == pixels.encode()


def test_files_can_be_read_by_the_user_of_a_container(idx_folder: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        dataset.ensure(tmp_path / "mnist", idx_folder, ignored)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mnist").stat().st_mode) == 0o755
    for path in (tmp_path / "mnist").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_good_folder_is_used_again_without_any_source(mnist_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    again = dataset.ensure(folder, None, ignored, [Unreachable()])
    assert again == dataset.ensure(mnist_folder, None, ignored, [Unreachable()]).model_copy(update={"folder": folder})


def test_a_named_folder_beside_prepared_data_is_verified(mnist_folder: Path, idx_folder: Path) -> None:
    lines: list[str] = []
    assert dataset.ensure(mnist_folder, idx_folder, lines.append).folder == mnist_folder
    assert (
        lines[-1] == f"MNIST: the four files in {idx_folder} are verified; they are what is prepared in {mnist_folder}"
    )


def test_a_named_folder_that_is_not_mnist_is_refused_beside_prepared_data(
    mnist_folder: Path, idx_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(PreflightError, match="there is no such folder"):
        dataset.ensure(mnist_folder, tmp_path / "nothing here", ignored)
    other = Path(shutil.copytree(idx_folder, tmp_path / "other"))
    content = bytearray((other / "t10k-labels-idx1-ubyte").read_bytes())
    content[100] ^= 1
    (other / "t10k-labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(PreflightError, match="t10k-labels-idx1-ubyte has the SHA-256"):
        dataset.ensure(mnist_folder, other, ignored)


def test_a_named_folder_is_verified_where_another_process_has_just_prepared_the_data(
    mnist_folder: Path, tmp_path: Path
) -> None:
    lock = filelock.FileLock(tmp_path / "mnist.lock")
    lock.acquire()

    def first_one_finishes(line: str) -> None:
        if "waiting" in line:
            shutil.copytree(mnist_folder, tmp_path / "mnist")
            lock.release()

    with pytest.raises(PreflightError, match="there is no such folder"):
        dataset.ensure(tmp_path / "mnist", tmp_path / "nothing here", first_one_finishes)


@pytest.mark.parametrize("name", ["train.parquet", "test.parquet", "manifest.json"])
def test_a_damaged_file_is_made_anew(mnist_folder: Path, idx_folder: Path, tmp_path: Path, name: str) -> None:
    folder = copied(mnist_folder, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 0x80
    (folder / name).write_bytes(content)
    origin = Counting(idx_folder)
    dataset.ensure(folder, None, ignored, [origin])
    assert origin.asked == 1
    assert mnist.load(folder, "28x28").sha256 == mnist.DATA_SHA256["28x28"]


def test_a_manifest_of_another_layout_is_made_anew(mnist_folder: Path, idx_folder: Path, tmp_path: Path) -> None:
    folder = copied(mnist_folder, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": "bakeoff/data/0"}))
    origin = Counting(idx_folder)
    dataset.ensure(folder, None, ignored, [origin])
    assert origin.asked == 1


def test_a_users_own_file_in_the_folder_stays(idx_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "thesis.txt").write_text("mine")
    dataset.ensure(tmp_path / "mnist", idx_folder, ignored)
    assert (tmp_path / "mnist" / "thesis.txt").read_text() == "mine"


def test_no_source_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(PreflightError):
        dataset.ensure(tmp_path / "mnist", tmp_path / "no such folder", ignored)
    assert names_in(tmp_path) in ([], ["mnist.lock"])


def test_a_disk_that_takes_only_a_part_leaves_nothing_behind(idx_folder: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, limits[1]))  # stands in for a full disk
    try:
        with pytest.raises(PreflightError, match="cannot be kept in") as caught:
            dataset.ensure(tmp_path / "mnist", idx_folder, ignored)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free some space" in caught.value.remedy
    assert names_in(tmp_path) in ([], ["mnist.lock"])


def test_what_a_killed_process_left_is_cleared(idx_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mnist.making").mkdir()
    (tmp_path / "mnist.making" / "train.parquet").write_bytes(b"half")
    dataset.ensure(tmp_path / "mnist", idx_folder, ignored)
    assert not (tmp_path / "mnist.making").exists()


def test_two_at_a_time_ask_the_source_once(idx_folder: Path, tmp_path: Path) -> None:
    origin = Counting(idx_folder)
    threads = [
        threading.Thread(target=dataset.ensure, args=(tmp_path / "mnist", None, ignored, [origin])) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert origin.asked == 1


def test_the_second_says_that_it_waits(mnist_folder: Path, tmp_path: Path) -> None:
    lock = filelock.FileLock(tmp_path / "mnist.lock")
    lock.acquire()
    lines: list[str] = []

    def first_one_finishes(line: str) -> None:
        lines.append(line)
        shutil.copytree(mnist_folder, tmp_path / "mnist")
        lock.release()

    dataset.ensure(tmp_path / "mnist", None, first_one_finishes, [Unreachable()])
    assert lines == [f"MNIST: another process prepares {tmp_path / 'mnist'}; waiting for it"]


def test_a_place_that_cannot_be_written_says_how_to_name_another(idx_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PreflightError, match="cannot be kept in") as caught:
        dataset.ensure(tmp_path / "file" / "mnist", idx_folder, ignored)
    assert "BAKEOFF_CACHE=DIR" in caught.value.remedy


def test_the_default_folder_follows_the_environment(tmp_path: Path) -> None:
    assert dataset.default_folder({"BAKEOFF_CACHE": str(tmp_path)}) == tmp_path / "mnist"
    assert dataset.default_folder({}).parts[-2:] == ("bakeoff", "mnist")


def test_the_description_tells_origin_sizes_and_hashes(mnist_folder: Path) -> None:
    made = dataset.ensure(mnist_folder, None, ignored)
    facts = dict(dataset.describe(made))
    assert facts["source"] == made.source
    assert facts["made"] == made.made_at
    assert made.files["train.parquet"].sha256 in facts["train.parquet"]
    assert mnist.DATA_SHA256["8x8"] in facts["8x8 pixels and labels"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "mnist"))


def ignored(line: str) -> None:
    """Take a line of progress that the test does not look at."""
