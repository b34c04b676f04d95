"""A walk is shown, packed, unpacked and held against its repetition as a comparison is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.analyse.finished_run import load_finished
from orchestrator.analyse.run_contents import read_contents
from orchestrator.analyse.run_history import run_history
from orchestrator.analyse.run_overview import cell_overviews, run_line
from orchestrator.record.archive import pack
from orchestrator.record.archived_spec import archived_spec
from orchestrator.record.run_folder import RunFolder
from orchestrator.record.unpack import unpack
from orchestrator.spec.spec import ExplainSpec
from tests.support.line import MATCHED, Line, compare, matched_runtime
from tests.support.paths import ROOT
from tests.support.walks import played


@pytest.fixture
def walk(line: Line, tmp_path: Path) -> RunFolder:
    """A walk from a recipe of bakeoff's to one of the user's own."""
    own, text = tmp_path / "private" / "file.toml", (ROOT / "shared" / "recipes" / "article-torch.toml").read_text()
    own.parent.mkdir()
    own.write_text(text.replace("article-torch", "mine").replace("batch_size = 512", "batch_size = 256"))
    asked = ExplainSpec(recipes=("article-torch", str(own)), profile="quick", device="cpu", seeds=2)
    return pipeline.compare(asked, line.runtime(played(line)), console.view("quiet", io.StringIO()))[0]


def test_a_walk_is_listed_with_its_cells(walk: RunFolder) -> None:
    contents = read_contents(walk)
    assert contents.summary is not None
    found = run_line(contents)
    assert (found.state, found.trials_done, found.verdicts) == ("done", found.trials_planned, ())
    cells = cell_overviews(contents.summary.comparison.cells, contents.summary.trials)
    assert {cell.done for cell in cells} == {2}


def test_a_walk_comes_out_of_its_archive_and_is_repeated(walk: RunFolder, line: Line, tmp_path: Path) -> None:
    pack(walk, tmp_path / "walk.zip")
    unpacked, index = unpack(tmp_path / "walk.zip", tmp_path / "archives")
    original = load_finished(unpacked)
    spec = archived_spec(unpacked, index, engine="auto", allow_foreign_image=False)
    assert isinstance(spec, ExplainSpec)
    assert spec.recipes[1] == str(unpacked.path / "recipes" / "mine.toml")
    view = console.view("quiet", io.StringIO())
    folder, summary = pipeline.repeat(original, spec, line.runtime(played(line)), view)
    assert summary.explanation is not None
    found = pipeline.hold_against(original, folder)
    assert {each.words for each in found.agreements} == {"losses are equal to the last bit"}
    assert found.verdict == "agrees"
    assert len(found.difference.cells) == len(original.summary.comparison.cells)


def test_parity_trials_are_packed_and_not_counted(line: Line, tmp_path: Path) -> None:
    folder, summary = compare(matched_runtime(line, apart=2e-6), MATCHED)
    assert any(trial.role == "parity" for trial in summary.trials)
    index = pack(folder, tmp_path / "run.zip")
    assert all(f"trials/{trial.id}/steps.npz" in index.files for trial in summary.trials)
    found = run_history([load_finished(folder)], "throughput", lambda cell: True)
    assert [point.trials for series in found.series for point in series.points] == [1, 1]
