"""What the loop offers to backends."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from shared.backend import EVALUATION_BATCH, Part, replaced
from shared.initial import Draw, first_weights, shared_weights
from tests.support.backend import TRIAL


def test_an_attribute_is_replaced_for_a_while() -> None:
    layers = [SimpleNamespace(rate=0.25), SimpleNamespace(rate=0.5)]
    with replaced(layers, "rate", 0.0):
        assert [layer.rate for layer in layers] == [0.0, 0.0]
    assert [layer.rate for layer in layers] == [0.25, 0.5]


def test_an_attribute_is_put_back_after_an_error() -> None:
    layer = SimpleNamespace(rate=0.25)
    with pytest.raises(RuntimeError), replaced([layer], "rate", 0.0):
        raise RuntimeError
    assert layer.rate == 0.25


def test_the_first_images_of_a_part_are_one_evaluation_batch() -> None:
    part = Part(np.arange(EVALUATION_BATCH + 5), np.arange(EVALUATION_BATCH + 5))
    assert [len(array) for array in part.first()] == [EVALUATION_BATCH, EVALUATION_BATCH]


def test_first_weights_come_from_the_frameworks_generator_only_where_the_recipe_says_so() -> None:
    seeds: list[int] = []

    def generator(seed: int) -> Draw:
        seeds.append(seed)
        return lambda shape, low, high: np.full(shape, high, np.float32)

    shared = first_weights(TRIAL.recipe, 3, generator)
    assert seeds == []
    assert [array.tolist() for _, array in shared] == [a.tolist() for _, a in shared_weights(TRIAL.recipe, 3)]
    own = replace(TRIAL.recipe, initial=replace(TRIAL.recipe.initial, draw="framework"))
    (kernel, bias) = first_weights(own, 3, generator)
    assert seeds == [3]
    assert (kernel[0], kernel[1].shape, bias[0], set(bias[1])) == ("1.kernel", (64, 10), "1.bias", {0.0})
