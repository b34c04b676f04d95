"""A command's options, made of the models that its function takes."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer.main

from orchestrator.cli.command_options import Only, command
from orchestrator.errors import UsageError
from orchestrator.spec.spec import ExplainSpec, Spec

seen: dict[str, object] = {}


@command
def part(*, spec: Annotated[Spec, Only("contenders", "seeds")], loud: Annotated[bool, typer.Option()] = False) -> None:
    """Take a part of a model and an option of its own."""
    seen.update(spec=spec, loud=loud)


@command
def walk(*, spec: ExplainSpec) -> None:
    """Take a whole model."""
    seen.update(spec=spec)


def run(function: Any, *words: str) -> None:
    seen.clear()
    app = typer.Typer(add_completion=False)
    app.command()(function)
    typer.main.get_command(app)(words, standalone_mode=False)


def offered(function: Any) -> list[str]:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    found: Any = typer.main.get_command(app)
    return [flag for each in found.params if each.param_type_name == "option" for flag in each.opts if flag != "--help"]


def test_what_is_not_given_is_the_models_default() -> None:
    run(part)
    assert seen == {"spec": Spec(), "loud": False}


def test_what_is_given_stands_in_the_model_and_other_options_stay_as_they_are() -> None:
    run(part, "torch", "tf", "--seeds", "3", "--loud")
    assert seen == {"spec": Spec(contenders=("torch", "tf"), seeds=3), "loud": True}


def test_a_part_of_a_model_offers_no_more_than_that() -> None:
    assert offered(part) == ["--seeds", "--loud"]


def test_two_options_that_share_a_field_keep_each_its_default() -> None:
    run(walk, "--to", "torch==2.14.1")
    assert seen["spec"] == ExplainSpec(contenders=("tf", "torch==2.14.1"))


def test_a_field_without_a_declaration_is_not_offered() -> None:
    assert not {"--runs", "--batch-size", "--parity", "--recipe"} & set(offered(walk))
    assert offered(walk)[:4] == ["--from", "--to", "--seeds", "--paths"]


def test_a_variable_stands_for_an_option_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_SEEDS", "7")
    run(part)
    assert seen["spec"] == Spec(seeds=7)


def test_a_value_that_the_model_refuses_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"^--seeds: should be at least 1, not 0$"):
        run(part, "--seeds", "0")
