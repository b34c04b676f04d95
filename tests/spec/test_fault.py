"""How a fault of a file names its place, what was written, and the nearest spelling."""

from __future__ import annotations

import pytest

from orchestrator.spec.fault import Fault, Place, guess, written


@pytest.mark.parametrize(
    ("place", "kind", "where"),
    [
        (("name",), "", "name"),
        (("data", "train", "start"), "", "[data] train.start"),
        (("optimizer", "weight_decay"), "sgd", "[optimizer] sgd, weight_decay"),
        (("layers", 2, "units"), "dense", "layer 3 (dense), units"),
        (("layers", 2), "dense", "layer 3 (dense)"),
        (("layers", 2, "type"), "", "layer 3, type"),
        (("layers",), "", "layers"),
        (("contenders", 1), "", "[contenders] [1]"),
        ((), "", "the file"),
    ],
)
def test_a_place_is_named_as_its_author_knows_it(place: Place, kind: str, where: str) -> None:
    assert Fault(place, "", kind).where == where


def test_what_was_written_stands_behind_its_key() -> None:
    assert str(Fault(("seed",), "no such key", given="3")) == "seed = 3: no such key"


def test_values_are_repeated_as_a_file_has_them_and_shortened() -> None:
    assert written(True) == "true"
    assert written("a" * 100) == f"'{'a' * 58}…"


@pytest.mark.parametrize(
    ("word", "told"),
    [("filter", ": did you mean filters?"), ("KERNEL", ": did you mean kernel?"), ("stride", ""), (None, ""), (3, "")],
)
def test_only_a_near_spelling_is_guessed(word: object, told: str) -> None:
    assert guess(word, ["filters", "kernel", "size"]) == told
