"""Fields declared as options: which stand on the command line, and how a value is written as words."""

from __future__ import annotations

from typing import Annotated

import pytest

from orchestrator.spec.option import Argument, Option, as_words, declarations
from orchestrator.values import Value

SIZE, HUSH = Option("--size", "How large."), Option("--hush/--no-hush", "Say nothing.")
FROM, TO = Option("--from", "Where it starts."), Option("--to", "Where it ends.")


class Base(Value):
    size: Annotated[int, SIZE] = 1
    hush: Annotated[bool, HUSH] = True
    ratio: Annotated[float, Option("--ratio", "Of what.")] = 0.5
    names: Annotated[tuple[str, ...], Option("--name", "One of them.")] = ()
    inner: int = 0


class Walk(Base):
    ends: Annotated[tuple[str, str], FROM, TO] = ("a", "b")
    files: Annotated[tuple[str, ...], Argument("What is read.")] = ()
    size: int = 1


def test_what_has_no_declaration_is_not_on_the_command_line() -> None:
    assert list(declarations(Base)) == ["size", "hush", "ratio", "names"]


def test_a_class_lists_its_own_fields_first_and_may_take_one_of_its_base_off() -> None:
    assert list(declarations(Walk)) == ["ends", "files", "hush", "ratio", "names"]
    assert declarations(Walk)["ends"] == (FROM, TO)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Base(), []),
        (Base(inner=3), []),
        (Base(size=2, hush=False), ["--size", "2", "--no-hush"]),
        (Base(ratio=3.0), ["--ratio", "3"]),
        (Base(ratio=0.25), ["--ratio", "0.25"]),
        (Base(names=("x", "y z")), ["--name", "x", "--name", "y z"]),
        (Walk(), ["--from", "a", "--to", "b"]),
        (Walk(files=("f", "g"), ends=("b", "a"), size=5), ["f", "g", "--from", "b", "--to", "a"]),
    ],
)
def test_a_value_is_written_as_its_arguments_and_the_options_that_differ(value: Value, words: list[str]) -> None:
    assert as_words(value) == words


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        (SIZE, "BAKEOFF_SIZE"),
        (HUSH, "BAKEOFF_HUSH"),
        (Option("--train-images", ""), "BAKEOFF_TRAIN_IMAGES"),
        (Option("--out", "", variable="BAKEOFF_OUT_DIR"), "BAKEOFF_OUT_DIR"),
        (Option("--json", "", variable=""), None),
    ],
)
def test_an_option_has_a_variable_of_its_name(option: Option, variable: str | None) -> None:
    assert option.environment_variable == variable
