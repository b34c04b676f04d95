"""What only the process engine promises: an environment made by pip, nothing inherited, a whole group ended."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engines.engine import Launch, Prepared, PrepareError, StartError
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import PreflightError
from orchestrator.record.record import Status
from orchestrator.run.watchdog import Limits
from orchestrator.spec.contenders import parse
from shared.events import Event, Warned
from shared.trial import to_json
from tests.support import engines
from tests.support.engines import ProcessRig, quiet
from tests.support.paths import TOYS


@pytest.fixture
def rig(tmp_path: Path) -> ProcessRig:
    return engines.process(tmp_path)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The toy, asking for a package that its wheelhouse holds in two versions; pip reaches no index."""
    folder = tmp_path_factory.mktemp("images") / "toy"
    shutil.copytree(TOYS / "toy", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements.in").write_text("tiny${EXTRAS}==${VERSION}\nfriend\n")
    toml = (folder / "contender.toml").read_text()
    pinned = toml.replace('"1.0" = {}', '"1.0" = { pins = ["friend==1"] }\n"2.0" = {}')
    (folder / "contender.toml").write_text(pinned.replace("[variants.cpu]", '[variants.cpu]\nextras = "[]"'))
    (folder / "wheelhouse").mkdir()
    for name, version in (("tiny", "1.0"), ("friend", "1"), ("friend", "2")):
        _wheel(folder / "wheelhouse", name, version)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PIP_NO_INDEX", "1")
        yield folder.parent


@pytest.fixture(scope="module")
def engine(images: Path, tmp_path_factory: pytest.TempPathFactory) -> ProcessEngine:
    """One cache for the module: an environment takes seconds."""
    return ProcessEngine(tmp_path_factory.mktemp("cache"), images=images)


def test_an_environment_is_made_once_by_pip_with_pins_as_constraints(engine: ProcessEngine, images: Path) -> None:
    said: list[str] = []
    first = engine.prepare(parse("toy", images), "cpu", said.append)
    assert _installed(first.handle) == {"tiny": "1.0", "friend": "1"}
    assert said[0].startswith("making the environment toy-1.0-cpu-py3")
    said.clear()
    assert engine.prepare(parse("toy", images), "cpu", said.append) == first
    assert said == []


def test_a_record_names_an_environment_without_its_path(engine: ProcessEngine, images: Path) -> None:
    assert "/" not in engine.prepare(parse("toy", images), "cpu", quiet).image


def test_a_worker_runs_in_the_environment_made_for_it(engine: ProcessEngine, images: Path) -> None:
    ready = engine.prepare(parse("toy", images), "cpu", quiet)
    assert _plays(engine, ready)


@pytest.mark.slow  # two environments
def test_a_half_made_environment_is_made_anew(engine: ProcessEngine, images: Path) -> None:
    first = engine.prepare(parse("toy", images), "cpu", quiet)
    environment = Path(first.handle).parent.parent
    (environment / "bakeoff-complete").unlink()
    (environment / "debris").touch()
    assert engine.prepare(parse("toy", images), "cpu", quiet) == first
    assert not (environment / "debris").exists()


@pytest.mark.slow  # two environments
def test_pips_refusal_is_told_in_its_own_words_and_tried_again(engine: ProcessEngine, images: Path) -> None:
    with pytest.raises(PrepareError, match=r"no such version: .*the requirement tiny==2\.0"):
        engine.prepare(parse("toy==2.0", images), "cpu", quiet)
    _wheel(images / "toy" / "wheelhouse", "tiny", "2.0")
    assert engine.prepare(parse("toy==2.0", images), "cpu", quiet).image.startswith("environment toy-2.0-cpu")


@pytest.mark.slow  # an environment of its own
def test_what_the_users_python_sees_is_not_what_is_installed(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny 1.0 in PYTHONPATH would satisfy pip, and the worker would never see it."""
    with zipfile.ZipFile(images / "toy" / "wheelhouse" / "tiny-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(tmp_path / "elsewhere")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "target"))
    ready = ProcessEngine(tmp_path / "cache", images=images).prepare(parse("toy", images), "cpu", quiet)
    monkeypatch.undo()
    assert _installed(ready.handle) == {"tiny": "1.0", "friend": "1"}


def test_a_relative_interpreter_is_found_from_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").symlink_to(Path(sys.executable).parent)
    monkeypatch.chdir(tmp_path)
    engine = ProcessEngine(Path("cache"), {"toy": Path("here/python")}, TOYS)
    ready = engine.prepare(parse("toy", TOYS), "cpu", quiet)
    assert (ready.handle, ready.image) == (str(tmp_path / "here" / "python"), "interpreter python")
    assert _plays(engine, ready)


def test_an_interpreter_that_is_gone_cannot_start(tmp_path: Path) -> None:
    engine = ProcessEngine(tmp_path, {"toy": tmp_path / "gone"}, TOYS)
    ready = engine.prepare(parse("toy", TOYS), "cpu", quiet)
    with pytest.raises(StartError, match="No such file or directory"):
        engine.start(Launch(trial_id="t", run_id="r", prepared=ready, environment={}, data=tmp_path))


def test_an_image_is_nothing_for_this_engine(tmp_path: Path) -> None:
    with pytest.raises(PrepareError, match="only the docker engine runs images"):
        ProcessEngine(tmp_path).prepare(parse("mine@some/image:1", TOYS), "cpu", quiet)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    engine = ProcessEngine(tmp_path / "file", {"toy": Path(sys.executable)}, TOYS)
    with pytest.raises(PreflightError, match="cannot write to") as refused:
        engine.prepare(parse("toy", TOYS), "cpu", quiet)
    assert refused.value.remedy == "set BAKEOFF_CACHE"


def test_a_worker_inherits_no_python_settings(rig: ProcessRig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "OMP_NUM_THREADS", "MY_SECRET"):
        monkeypatch.setenv(name, "/nowhere")
    told = json.loads(_warnings(rig, "surroundings")[0])["environment"].split()
    assert {"BAKEOFF_TRIAL", "BAKEOFF_DATA", "BAKEOFF_OUT", "PATH", "CUDA_VISIBLE_DEVICES"} <= set(told)
    assert not {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "OMP_NUM_THREADS", "MY_SECRET"} & set(told)


@pytest.mark.parametrize("script", ["parent finish", "parent hang"])
def test_a_workers_children_end_with_it(rig: ProcessRig, script: str) -> None:
    record = rig.run(script, Limits(poll_seconds=0.2, tick_seconds=0.05, silence_seconds=1.0))
    assert record.status is (Status.DONE if script == "parent finish" else Status.TIMED_OUT)
    assert record.warnings[0].startswith("child ")
    assert rig.left_behind() == []


def test_the_suite_would_see_a_child_that_was_left(rig: ProcessRig) -> None:
    worker = rig.start("hang")
    with worker:
        events = b"".join([next(worker.chunks())]).decode()
        (rig.folder / "trial").mkdir()
        (rig.folder / "trial" / "events.jsonl").write_text(events)
        assert [left.split()[0] for left in rig.left_behind()] == ["process", "folder"]
    assert rig.left_behind() == []


def test_editing_a_worker_disturbs_no_trial_under_way(tmp_path: Path) -> None:
    shutil.copytree(TOYS / "toy", tmp_path / "images" / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    engine = ProcessEngine(tmp_path / "cache", {"toy": Path(sys.executable)}, tmp_path / "images")
    ready = engine.prepare(parse("toy", TOYS), "cpu", quiet)
    (tmp_path / "images" / "toy" / "worker.py").write_text("raise SystemExit('edited')\n")
    assert _plays(engine, ready)


def test_an_engine_starts_what_another_has_prepared_and_supplied(rig: ProcessRig, tmp_path: Path) -> None:
    assert _plays(ProcessEngine(tmp_path / "another", images=TOYS), rig.prepared)


def test_a_worker_finds_the_data_in_the_folder_that_its_launch_names(rig: ProcessRig, tmp_path: Path) -> None:
    data = tmp_path / "mnist"
    data.mkdir()
    with rig.engine.start(replace(rig.launch("surroundings"), data=data)) as worker:
        list(worker.chunks())
    assert [file.name for file in data.iterdir()] == ["x"]  # what the toy tries to write there


def _plays(engine: ProcessEngine, ready: Prepared) -> bool:
    launch = Launch(
        trial_id="toy-1.0.play.s1",
        run_id="test",
        prepared=ready,
        environment={"BAKEOFF_TRIAL": to_json(engines.trial("finish"))},
        data=Path(),
    )
    with engine.start(launch) as worker:
        return b"run_ended" in b"".join(worker.chunks())


def _warnings(rig: ProcessRig, script: str) -> list[str]:
    told: list[str] = []

    def hear(_: str, event: Event) -> None:
        if isinstance(event, Warned):
            told.append(event.message)

    assert rig.run(script, on_event=hear).status is Status.DONE
    return told


def _installed(python: str) -> dict[str, str]:
    """Read which of the test's packages an environment holds, and in which version."""
    site = next((Path(python).parent.parent / "lib").glob("python3.*/site-packages"))
    found = (path.name.removesuffix(".dist-info").split("-") for path in site.glob("*.dist-info"))
    return {name: version for name, version in found if name in ("tiny", "friend")}


def _wheel(folder: Path, name: str, version: str) -> None:
    """Write the smallest wheel that pip takes."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
