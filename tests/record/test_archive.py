"""An archive holds a run, names every file by its hash, and is refused as a whole where anything else is in it."""

from __future__ import annotations

import hashlib
import json
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import OtherFormatError, UsageError
from orchestrator.record import unpack as unpacking
from orchestrator.record.archive import ArchiveIndex, PackedFile, pack
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.unpack import unpack
from orchestrator.spec.recipes import load
from tests.support.line import SPEC as TWO_RECIPES
from tests.support.line import Line, compare

ONE = TWO_RECIPES.replace(recipes=("article-torch",), epochs=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, mnist_folder: Path) -> RunFolder:
    """A run of two trials through the scripted engine."""
    line = Line.over(tmp_path_factory.mktemp("runs"), mnist_folder)
    return compare(line.runtime(), ONE)[0]


@pytest.fixture
def archive(folder: RunFolder, tmp_path: Path) -> Path:
    path = tmp_path / "run.zip"
    pack(folder, path)
    return path


def test_an_archive_has_what_a_run_was_made_of(folder: RunFolder, archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        index = ArchiveIndex.model_validate_json(opened.read("archive.json"))
        names = set(opened.namelist()) - {"archive.json"}
        assert names == index.files.keys()
        content = opened.read("comparison.json")
    assert content == (folder.path / "comparison.json").read_bytes()
    assert index.files["comparison.json"].sha256 == hashlib.sha256(content).hexdigest()
    assert index.run == folder.id
    assert index.images == folder.read_manifest().images
    assert index.data.keys() == {"8x8"}
    trial = folder.read_manifest().trials[0]
    expected = {"run.json", "environment.json", "summary.json", "report.md", "recipes/article-torch.toml"}
    expected |= {f"trials/{trial}/{name}" for name in ("record.json", "events.jsonl", "trial.json", "predictions.npy")}
    assert expected <= names
    assert any(name.startswith("locks/torch/2.13.0-cpu-") for name in names)
    assert not any(name.startswith("figures/") or name.endswith(".lock") for name in names)


def test_the_recipe_is_packed_as_it_ran(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        text = opened.read("recipes/article-torch.toml").decode()
    (tmp_path / "own.toml").write_text(text.replace("article-torch", "own"))
    recipe = load(str(tmp_path / "own.toml"))
    assert (recipe.training.epochs, recipe.data.train.stop) == (1, 640)


def test_the_same_run_gives_the_same_bytes(folder: RunFolder, archive: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_neither_the_host_nor_its_paths_are_told(mnist_folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "a-private-place" / "own-file.toml"
    own.parent.mkdir()
    text = (Path(__file__).parents[2] / "shared" / "recipes" / "article-torch.toml").read_text()
    own.write_text(text.replace("article-torch", "mine"))
    line = Line.over(tmp_path / "runs", mnist_folder)
    run, _ = compare(line.runtime(), ONE.replace(recipes=(str(own),)))
    pack(run, tmp_path / "run.zip")
    unpacked, _ = unpack(tmp_path / "run.zip", tmp_path / "archives")
    manifest = unpacked.read_manifest()
    assert manifest.spec["recipes"] == ["mine.toml"]
    assert manifest.hosts == ()
    assert b"a-private-place" not in (unpacked.path / "run.json").read_bytes()
    assert load(str(unpacked.path / "recipes" / "mine.toml")).name == "mine"


def test_an_unpacked_archive_is_a_run_folder(folder: RunFolder, archive: Path, tmp_path: Path) -> None:
    unpacked, index = unpack(archive, tmp_path / "archives")
    assert unpacked.path.parent == tmp_path / "archives"
    assert unpacked.path.name.startswith(f"{index.run}-")
    assert unpacked.read_records() == folder.read_records()
    assert unpack(archive, tmp_path / "archives")[0].path == unpacked.path
    (unpacked.path / "summary.json").write_text("changed")
    with pytest.raises(UsageError, match="was changed since it was unpacked"):
        unpack(archive, tmp_path / "archives")


def test_nothing_is_written_over(folder: RunFolder, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        pack(folder, archive)
    assert archive.read_bytes() == before


def test_a_run_that_has_not_ended_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match="run has not ended") as refused:
        pack(RunFolder(tmp_path / "run"), tmp_path / "run.zip")
    assert refused.value.remedy == "`bakeoff resume run` ends it"
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


Members = list[tuple[zipfile.ZipInfo, bytes]]


def rewritten(archive: Path, change: Callable[[Members], Members]) -> Path:
    """Write the archive anew with other members."""
    with zipfile.ZipFile(archive) as opened:
        members = change([(member, opened.read(member)) for member in opened.infolist()])
    path = archive.with_name("hostile.zip")
    with zipfile.ZipFile(path, "w") as opened:
        for member, content in members:
            opened.writestr(member, content)
    return path


def with_index(change: Callable[[dict[str, object]], object]) -> Callable[[Members], Members]:
    """Return what changes archive.json and nothing else."""

    def changed(members: Members) -> Members:
        document = json.loads(members[-1][1])
        change(document)
        return [*members[:-1], (members[-1][0], json.dumps(document).encode())]

    return changed


def adds(name: str, mode: int = 0) -> Callable[[Members], Members]:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    return lambda members: [*members, (member, b"/etc/passwd")]


HOSTILE = {
    "a path upwards": (adds("../outside"), "is no plain file"),
    "a path upwards within": (adds("trials/../../outside"), "is no plain file"),
    "an absolute path": (adds("/etc/outside"), "is no plain file"),
    "a path of Windows": (adds("C:\\outside"), "is no plain file"),
    "a hidden file": (adds("trials/.outside"), "is no plain file"),
    "a control letter": (adds("a\x1bb"), "is no plain file"),
    "a link": (adds("outside", stat.S_IFLNK | 0o777), "is no plain file"),
    "a device": (adds("outside", stat.S_IFCHR | 0o666), "is no plain file"),
    "a folder": (adds("outside/", stat.S_IFDIR | 0o755), "is no plain file"),
    "a file too many": (adds("outside"), "its files are not those that archive.json lists"),
    "a file too few": (lambda members: members[1:], "its files are not those that archive.json lists"),
    "a file twice, in other letters": (adds("Run.json"), "a file stands in it twice"),
    "no index": (lambda members: members[:-1], "it has no archive.json"),
    "other content": (
        lambda members: [(members[0][0], b"other"), *members[1:]],
        "comparison.json is not what archive.json says",
    ),
    "an index that is none": (lambda members: [*members[:-1], (members[-1][0], b"{")], "archive.json cannot be read"),
    "a run that leaves its folder": (with_index(lambda index: index.update(run="../x")), "cannot name a run"),
    "sizes beyond all bounds": (
        with_index(lambda index: index["files"]["run.json"].update(size_bytes=2**40)),  # type: ignore[index]
        "more than 1,073,741,824 bytes",
    ),
    "a size below nothing": (
        with_index(lambda index: index["files"]["run.json"].update(size_bytes=-1)),  # type: ignore[index]
        "archive.json cannot be read",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(case: str, archive: Path, tmp_path: Path) -> None:
    change, why = HOSTILE[case]
    hostile = rewritten(archive, change)
    before = sorted(path for path in tmp_path.rglob("*") if "archives" not in path.parts)
    with pytest.raises(UsageError, match=why) as refused:
        unpack(hostile, tmp_path / "archives")
    assert "`bakeoff archive RUN`" in refused.value.remedy
    assert sorted(path for path in tmp_path.rglob("*") if "archives" not in path.parts) == before
    assert list((tmp_path / "archives").glob("*")) == []


def test_a_member_that_unpacks_to_more_than_it_says_is_read_no_further(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    packed = unpacking._packed

    def measured(content: bytes) -> PackedFile:
        read.append(len(content))
        return packed(content)

    monkeypatch.setattr(unpacking, "_packed", measured)
    bomb = rewritten(archive, lambda members: [(members[0][0], bytes(50_000_000)), *members[1:]])
    with pytest.raises(UsageError, match="is not what"):
        unpack(bomb, tmp_path / "archives")
    assert max(read) < 50_000


def test_an_archive_of_a_newer_format_says_so(archive: Path, tmp_path: Path) -> None:
    newer = rewritten(archive, with_index(lambda index: index.update(schema="bakeoff/archive/9")))
    with pytest.raises(OtherFormatError, match="is of the format bakeoff/archive/9") as refused:
        unpack(newer, tmp_path / "archives")
    assert "a newer bakeoff" in refused.value.remedy


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", bytes(1000)])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.zip").write_bytes(content)
    with pytest.raises(UsageError, match="is no archive that can be read"):
        unpack(tmp_path / "file.zip", tmp_path / "archives")


def test_a_cut_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(UsageError, match="is no archive that can be read"):
        unpack(archive, tmp_path / "archives")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        unpack(tmp_path / "nowhere.zip", tmp_path / "archives")


def test_bytes_changed_anywhere_are_refused_or_change_nothing(archive: Path, tmp_path: Path) -> None:
    """Flips, cuts and splices: unpacked is the run as it was, or nothing with a sentence that says why."""
    whole, dice, refused = archive.read_bytes(), random.Random(1), 0
    damaged = tmp_path / "damaged.zip"
    for number in range(200):
        content = bytearray(whole)
        at, end = sorted(dice.sample(range(len(content)), 2))
        match number % 4:
            case 0:
                content[at] ^= 1 << dice.randrange(8)
            case 1:
                del content[at : at + dice.randrange(1, 60)]
            case 2:
                content[-dice.randrange(1, 4000)] ^= 0xFF  # in the directory, where names and sizes stand
            case 3:
                content[at : at + 40] = content[end : end + 40]
        damaged.write_bytes(content)
        into = tmp_path / f"into-{number}"
        try:
            folder, index = unpack(damaged, into)
        except UsageError:
            refused += 1
            assert list(into.glob("*")) == []
        else:
            assert unpacking._is_whole(folder.path, index)
    assert refused > 150
