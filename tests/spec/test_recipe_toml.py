"""A recipe written as TOML is read back as the same recipe."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from orchestrator.spec import recipes
from orchestrator.spec.recipe_toml import to_toml
from tests.support.paths import FIXTURES


def read_back(text: str, folder: Path) -> object:
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return recipes.load(str(folder / "own.toml"))


@pytest.mark.parametrize("name", [*recipes.names(), str(FIXTURES / "recipes" / "zoo.toml")])
def test_every_recipe_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    recipe = dataclasses.replace(recipes.load(name), name="own")
    assert read_back(to_toml(recipe), tmp_path) == recipe


def test_a_size_that_was_applied_comes_back(tmp_path: Path) -> None:
    recipe = recipes.apply_sizes(recipes.load("matched"), quick=True, epochs=3, batch_size=64)
    recipe = dataclasses.replace(recipe, name="own")
    assert read_back(to_toml(recipe), tmp_path) == recipe


def test_a_title_of_any_letters_comes_back(tmp_path: Path) -> None:
    recipe = dataclasses.replace(recipes.load("matched"), name="own", title='a "title"\\ with é and 😀')
    assert read_back(to_toml(recipe), tmp_path) == recipe


def test_a_letter_that_only_json_lets_stand_is_escaped() -> None:
    recipe = dataclasses.replace(recipes.load("matched"), title="\x7f\t")
    assert tomllib.loads(to_toml(recipe))["title"] == "\x7f\t"
