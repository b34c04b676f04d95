"""Of a run folder is read what can be read, and what cannot is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.analyse.run_contents import Part, read_contents
from orchestrator.analyse.summary import Comparison
from orchestrator.errors import OtherFormatError, UsageError
from orchestrator.record.run_folder import RunFolder
from tests.support.run_folders import run_folder
from tests.support.summaries import TF, TORCH, summary, trial

FIRST, SECOND = "trials/tf-2.21.0.article-tf.s1/record.json", "trials/torch-2.13.0.article-tf.s1/record.json"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return run_folder(tmp_path, summary(trial(TF), trial(TORCH)))


def cut(folder: RunFolder, name: str) -> None:
    path = folder.path / name
    path.write_bytes(path.read_bytes()[:-20])


def test_a_whole_run_is_read_whole(folder: RunFolder) -> None:
    contents = read_contents(folder)
    assert [part.name for part in contents.parts] == [
        *("run.json", "summary.json", "comparison.json", "environment.json", FIRST, SECOND),
    ]
    assert {part.state for part in contents.parts} == {"read"}
    assert (contents.damaged, len(contents.records), contents.ended) == ((), 2, True)


def test_a_listing_reads_no_records_where_a_summary_has_them(folder: RunFolder) -> None:
    assert read_contents(folder, records=False).records == ()
    (folder.path / "summary.json").unlink()
    assert len(read_contents(folder, records=False).records) == 2


def test_a_summary_that_was_cut_can_be_made_again_of_the_records(folder: RunFolder) -> None:
    cut(folder, "summary.json")
    contents = read_contents(folder)
    assert [part.name for part in contents.damaged] == ["summary.json"]
    assert "cannot be read" in contents.damaged[0].fault
    assert contents.remedy == (f"the records are whole: `bakeoff report --again {folder.id}` makes summary.json anew")


def test_a_record_that_was_cut_leaves_the_summary_and_the_other_record(folder: RunFolder) -> None:
    cut(folder, SECOND)
    contents = read_contents(folder)
    assert [part.name for part in contents.damaged] == [SECOND]
    assert contents.summary is not None
    assert [record.contender for record in contents.records] == [TF]
    assert contents.remedy.startswith("summary.json has the numbers")


def test_without_a_manifest_the_trials_are_those_that_have_a_folder(folder: RunFolder) -> None:
    (folder.path / "run.json").unlink()
    contents = read_contents(folder)
    assert contents.damaged == (Part(name="run.json", state="absent"),)
    assert len(contents.records) == 2
    assert "from a copy" in contents.remedy


def test_a_run_that_has_not_ended_lacks_files_and_is_not_damaged(folder: RunFolder) -> None:
    for name in ("summary.json", SECOND):
        (folder.path / name).unlink()
    document = json.loads((folder.path / "comparison.json").read_bytes())
    (folder.path / "comparison.json").write_text(json.dumps({**document, "ended_at": None}))
    contents = read_contents(folder)
    assert (contents.ended, contents.damaged) == (False, ())
    assert [part.name for part in contents.parts if part.state == "absent"] == ["summary.json", SECOND]


@pytest.mark.parametrize("name", ["run.json", "summary.json"])
@pytest.mark.parametrize(("number", "way"), [(9, "a newer bakeoff wrote it"), (1, "use the version of bakeoff that")])
def test_a_file_of_another_format_is_no_damage(folder: RunFolder, name: str, number: int, way: str) -> None:
    path = folder.path / name
    document = json.loads(path.read_bytes())
    schema = f"{document['schema'].rpartition('/')[0]}/{number}"
    path.write_text(json.dumps({**document, "schema": schema}))
    with pytest.raises(OtherFormatError, match=f"{name} of .* is of the format {schema}, not") as refused:
        read_contents(folder)
    assert refused.value.remedy.startswith(way)


def edit(folder: RunFolder, name: str, **changes: object) -> None:
    document = json.loads((folder.path / name).read_bytes())
    (folder.path / name).write_text(json.dumps({**document, **changes}))


def test_a_file_without_a_format_of_its_own_has_that_of_the_manifest(folder: RunFolder) -> None:
    edit(folder, "comparison.json", new=1)
    with pytest.raises(UsageError, match=r"comparison\.json of .* cannot be read") as refused:
        Comparison.load(folder.path)
    assert not isinstance(refused.value, OtherFormatError)
    edit(folder, "run.json", schema="bakeoff/run/10")
    with pytest.raises(OtherFormatError, match=r"comparison\.json of .*: run\.json is of the format bakeoff/run/10"):
        Comparison.load(folder.path)
