"""`bakeoff doctor`: exit codes, and what it prints."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import NoReturn

import pytest

from orchestrator.engines import choose
from orchestrator.errors import PreflightError
from tests.support.cli import Bakeoff


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_doctor_without_an_engine_is_exit_code_3_and_one_object(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))  # without environments that earlier runs made
    answer = bakeoff("doctor", "torch", "--json")
    gc.collect()
    document = json.loads(answer.out)
    assert (answer.code, document["schema"], document["ok"]) == (3, "bakeoff/doctor/1", False)
    (failed,) = [check for check in document["checks"] if check["state"] == "failed"]
    assert failed["id"] == "engine"
    assert "unset DOCKER_HOST" in failed["fix"]
    assert "process.python" not in {check["id"] for check in document["checks"]}, "DOCKER_HOST names another engine"


def test_the_doctor_without_an_engine_looks_at_what_a_comparison_would_fall_back_to(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: str, **__: object) -> NoReturn:
        raise PreflightError("no Docker Engine answers", "start Docker")

    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(choose, "connect", refuse)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    checks = {check["id"] for check in json.loads(bakeoff("doctor", "torch", "--json").out)["checks"]}
    assert {"engine", "process.python"} <= checks


def test_the_doctor_of_the_process_engine_needs_no_docker_and_leaves_nothing(bakeoff: Bakeoff) -> None:
    answer = bakeoff("doctor", "torch", "tf==2.20.0", "--engine", "process", "--device", "cpu")
    assert answer.code == 0
    assert "! warning" in answer.out
    assert "✓ ok" in answer.out
    assert "why: " in answer.out
    assert "0 failed" in answer.out
    assert list(Path().iterdir()) == []


def test_the_doctor_hushed_says_what_is_not_well_alone(bakeoff: Bakeoff) -> None:
    answer = bakeoff("doctor", "torch", "--engine", "process", "--device", "cpu", "-q")
    assert "✓ ok" not in answer.out
    assert "fix: install Docker" in answer.out


def test_the_doctor_asked_for_a_gpu_that_is_not_there_is_exit_code_3(
    bakeoff: Bakeoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.host.gpus.list_gpus", lambda: ())
    answer = bakeoff("doctor", "torch", "--engine", "process", "--device", "cuda")
    assert answer.code == 3
    assert "fix: use --device cpu" in answer.out


def test_the_doctor_of_an_unknown_contender_is_exit_code_2(bakeoff: Bakeoff) -> None:
    assert bakeoff("doctor", "jax").code == 2
