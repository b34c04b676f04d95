"""Which engine is chosen, and what is listed of every engine, where Docker answers and where it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from orchestrator.engines import choose
from orchestrator.engines.engine import Owned
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.engines.scripted import ScriptedEngine
from orchestrator.errors import PreflightError
from orchestrator.spec.spec import EngineName, Spec


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    """An engine that answers where Docker would."""
    engine = ScriptedEngine(lambda _: pytest.fail("nothing is started"))
    monkeypatch.setattr(choose, "connect", lambda *base, **options: engine)
    return engine


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BAKEOFF_BASE_IMAGE", *choose.NAMING_VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*base: str, **options: bool) -> NoReturn:
        raise PreflightError("no Docker Engine answers", "start Docker")

    monkeypatch.setattr(choose, "connect", refuse)


def test_auto_takes_docker_where_it_answers(docker: ScriptedEngine, tmp_path: Path) -> None:
    choice = choose.choose_engine(Spec(), tmp_path)
    assert (choice.engine, choice.notice, choice.unreachable) == (docker, "", None)


@pytest.mark.usefixtures("no_docker")
def test_auto_takes_processes_where_docker_does_not_answer_and_says_why(tmp_path: Path) -> None:
    choice = choose.choose_engine(Spec(), tmp_path)
    assert isinstance(choice.engine, ProcessEngine)
    assert choice.unreachable is not None
    assert choice.notice == f"{ProcessEngine.notice}. Chosen because {choice.unreachable.message}"
    assert choose.check_unreachable(choice.unreachable).found == choice.unreachable.message


@pytest.mark.usefixtures("no_docker")
@pytest.mark.parametrize("variable", choose.NAMING_VARIABLES)
def test_auto_takes_no_other_engine_than_the_one_that_a_variable_names(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "tcp://gpu-box:2375")
    with pytest.raises(PreflightError, match="no Docker Engine answers"):
        choose.choose_engine(Spec(), tmp_path)


def test_auto_takes_processes_where_the_user_names_interpreters(docker: ScriptedEngine, tmp_path: Path) -> None:
    choice = choose.choose_engine(Spec(python=(sys.executable,)), tmp_path)
    assert isinstance(choice.engine, ProcessEngine)
    assert (choice.notice, choice.unreachable) == (ProcessEngine.notice, None)


@pytest.mark.usefixtures("no_docker")
@pytest.mark.parametrize("engine", ["auto", "process"])
def test_the_process_engine_names_the_base_image_that_it_has_no_use_for(
    engine: EngineName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_BASE_IMAGE", "mine:1")
    notice = choose.choose_engine(Spec(engine=engine), tmp_path).notice
    assert "It builds no image, so BAKEOFF_BASE_IMAGE=mine:1 is not used" in notice


@pytest.mark.usefixtures("no_docker")
def test_docker_that_was_asked_for_and_does_not_answer_ends_a_comparison(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="no Docker Engine answers"):
        choose.choose_engine(Spec(engine="docker"), tmp_path)


def test_what_every_engine_holds_is_listed(docker: ScriptedEngine, tmp_path: Path) -> None:
    left: Any = "a script"
    docker.started["run", "trial"] = left
    (tmp_path / "workers" / "run-trial-lease").mkdir(parents=True)
    owned, fault = choose.list_owned(tmp_path, images=False, data=False)
    assert ([_shown(each) for each in owned], fault) == (["process run-trial-lease", "script run-trial"], None)


@pytest.mark.usefixtures("no_docker")
def test_where_docker_does_not_answer_the_other_engines_are_listed_and_the_fault_is_told(tmp_path: Path) -> None:
    (tmp_path / "workers" / "run-trial-lease").mkdir(parents=True)
    owned, fault = choose.list_owned(tmp_path, images=False, data=False)
    assert [_shown(each) for each in owned] == ["process run-trial-lease"]
    assert fault is not None


@pytest.mark.parametrize(("images", "data"), [(True, False), (False, True), (False, False)])
@pytest.mark.usefixtures("no_docker")
def test_docker_is_needed_where_only_it_could_hold_something(images: bool, data: bool, tmp_path: Path) -> None:
    if images or data:
        (tmp_path / "workers" / "run-trial-lease").mkdir(parents=True)
    with pytest.raises(PreflightError):
        choose.list_owned(tmp_path, images=images, data=data)


def _shown(owned: Owned) -> str:
    return f"{owned.kind} {owned.name}"
