"""`bakeoff watch`: the console of a run that goes on elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestrator import pipeline
from orchestrator import progress as console
from orchestrator.cli import watch
from orchestrator.record.manifest import this_host
from orchestrator.record.run_folder import RunFolder
from tests.support.cli import Bakeoff
from tests.support.line import SPEC, Line

pytestmark = pytest.mark.usefixtures("quick_polls")


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.01)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, mnist_folder: Path) -> RunFolder:
    """A run that has ended."""
    line = Line.over(tmp_path_factory.mktemp("runs"), mnist_folder)
    return pipeline.compare(SPEC, line.runtime(), console.view("quiet"))[0]


@pytest.fixture
def folder(ran: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(ran.path, tmp_path / ran.id)))


def unfinished(folder: RunFolder, pid: int) -> bytes:
    """Take the end of a run away, as if its process `pid` were still at it; return what was taken."""
    document = json.loads((folder.path / "comparison.json").read_text())
    ended = (folder.path / "comparison.json").read_bytes()
    (folder.path / "comparison.json").write_text(json.dumps({**document, "ended_at": None}))
    manifest = folder.read_manifest()
    folder.write_manifest(manifest.replace(hosts=(this_host().replace(pid=pid),)))
    return ended


def test_a_run_that_has_ended_is_shown_with_its_verdict_and_exit_code(bakeoff: Bakeoff, folder: RunFolder) -> None:
    answer = bakeoff("watch", str(folder.path), "--progress", "plain")
    assert answer.code == 0
    for trial in folder.read_manifest().trials:
        assert f"[{trial}] ✓ done" in answer.err
    assert answer.out.splitlines()[-1].startswith("report: file://")


def test_a_run_on_a_gpu_is_watched_where_there_is_none(bakeoff: Bakeoff, folder: RunFolder) -> None:
    manifest = folder.read_manifest()
    on_gpu = {**manifest.spec, "device": "cuda", "variant": "cuda", "gpu": "GPU-1"}
    folder.write_manifest(manifest.replace(spec=on_gpu, plan_sha256="of trials that ask for a GPU"))
    assert bakeoff("watch", str(folder.path), "--progress", "plain").code == 0


def test_a_run_of_a_recipe_that_has_changed_is_told(bakeoff: Bakeoff, folder: RunFolder) -> None:
    manifest = folder.read_manifest()
    folder.write_manifest(manifest.replace(trials=(*manifest.trials, "torch-2.13.0.another.s1")))
    answer = bakeoff("watch", str(folder.path))
    assert (answer.code, "has changed since this run began" in answer.err) == (2, True)


def test_a_run_that_goes_on_is_watched_to_its_end(bakeoff: Bakeoff, folder: RunFolder) -> None:
    ended = unfinished(folder, this_host().pid)

    def end() -> None:
        time.sleep(0.3)
        (folder.path / "comparison.json").write_bytes(ended)

    thread = threading.Thread(target=end)
    thread.start()
    answer = bakeoff("watch", str(folder.path), "--progress", "plain")
    thread.join()
    assert answer.code == 0
    assert answer.err.count("✓ done") == len(folder.read_manifest().trials)


def test_a_run_whose_process_is_gone_is_told_with_the_way_on(bakeoff: Bakeoff, folder: RunFolder) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    unfinished(folder, process.pid)
    answer = bakeoff("watch", str(folder.path))
    assert answer.code == 2
    assert f"try: `bakeoff resume {folder.id}` goes on with it" in answer.err


def test_ctrl_c_ends_the_watching_alone(bakeoff: Bakeoff, folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    unfinished(folder, this_host().pid)
    monkeypatch.setattr("orchestrator.progress.attach.Attached.update", press)
    answer = bakeoff("watch", str(folder.path))
    assert answer.code == 130
    assert f"{folder.id} is no longer watched; it goes on" in answer.err


def test_no_run_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("watch", str(Path("nowhere"))).code == 2
