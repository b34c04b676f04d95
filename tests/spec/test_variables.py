"""A variable that the user set and no worker gets is told, with what to write instead."""

from __future__ import annotations

import tomllib

import pytest

from orchestrator.spec.contenders import IMAGES, parse
from orchestrator.spec.variables import ignored_variables


def told(*contenders: str, **environment: str) -> dict[str, str]:
    return ignored_variables([parse(each) for each in contenders], environment)


def test_a_variable_that_a_mode_stands_for_names_the_mode() -> None:
    assert told("tf", "torch", TF_ENABLE_ONEDNN_OPTS="0", HOME="/root") == {
        "TF_ENABLE_ONEDNN_OPTS": "0, and no worker gets it: tf[onednn-off] does the same"
    }


def test_a_variable_that_says_what_every_worker_has_is_not_told() -> None:
    assert told("tf", TF_ENABLE_ONEDNN_OPTS="1", TF_CUDNN_USE_AUTOTUNE="0") == {}


def test_a_variable_whose_mode_all_contenders_of_the_framework_run_in_is_not_told() -> None:
    assert told("tf[onednn-off]", TF_ENABLE_ONEDNN_OPTS="0") == {}
    assert list(told("tf[onednn-off]", "tf", TF_ENABLE_ONEDNN_OPTS="0")) == ["TF_ENABLE_ONEDNN_OPTS"]


def test_a_variable_that_an_option_stands_for_names_the_option_once() -> None:
    assert told("tf", "torch", OMP_NUM_THREADS="1") == {
        "OMP_NUM_THREADS": "1, and no worker gets it: --threads does the same"
    }


def test_a_variable_that_nothing_stands_for_says_so_and_its_paths_stay_out() -> None:
    assert told("tf", XLA_FLAGS="--xla_dump_to=/home/me/dump") == {
        "XLA_FLAGS": "--xla_dump_to=<path>, and no worker gets it: no mode of tf does the same"
    }


def test_variables_of_a_framework_that_does_not_run_and_of_a_ready_image_are_not_told() -> None:
    assert told("torch", TF_ENABLE_ONEDNN_OPTS="0") == {}
    assert told("tf@me/tf:1", TF_ENABLE_ONEDNN_OPTS="0") == {}


@pytest.mark.parametrize("name", ["tf", "torch"])
def test_every_mode_that_a_variable_names_exists(name: str) -> None:
    file = tomllib.loads((IMAGES / name / "contender.toml").read_text(encoding="utf-8"))
    named = {mode for modes in file["variables"].values() for mode in modes.values() if not mode.startswith("--")}
    assert named - {""} <= set(file["modes"])
