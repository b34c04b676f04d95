"""The reference's layers: outputs by hand, and every gradient against central differences.

All numbers are dyadic and small, so float64 computes them exactly in any order and equality needs no
tolerance: a layer is linear in each of its elements as long as no relu and no maximum changes sides.
Biases that end in a half keep sums away from relu's kink, distinct inputs keep maxima apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.reference.arrays import Array
from orchestrator.reference.layers import ACTIVATIONS, LAYERS, Parameters, apply
from shared.recipe import LAYER_TYPES, Conv2d, Dense, Flatten, Layer, MaxPool2d

STEP = 1 / 16  # times the largest element, 4, moves a sum by a quarter: less than the half that keeps it from 0

SMALL = st.integers(1, 3)
SEEDS = st.integers(0, 2**32 - 1)
ACTIVATED: st.SearchStrategy[Any] = st.sampled_from([None, "relu"])


def by_differences(objective: Callable[[Array], float], at: Array) -> Array:
    """Return the gradient of `objective` by central differences, one element at a time."""
    found = np.empty_like(at)
    for index in np.ndindex(*at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[index] += STEP
        behind[index] -= STEP
        found[index] = (objective(ahead) - objective(behind)) / (2 * STEP)
    return found


def assert_gradients_are_differences(layer: Layer, parameters: dict[str, Array], inputs: Array) -> None:
    outputs, backward = apply(layer, parameters, inputs)
    gradient = np.random.default_rng(0).integers(-4, 5, outputs.shape).astype(np.float64)

    def objective(inputs: Array, parameters: Parameters) -> float:
        return float((apply(layer, parameters, inputs)[0] * gradient).sum())

    by_inputs, by_parameters = backward(gradient)
    np.testing.assert_array_equal(by_inputs, by_differences(lambda moved: objective(moved, parameters), inputs))
    assert by_parameters.keys() == parameters.keys()
    for name, at in parameters.items():
        expected = by_differences(lambda moved, name=name: objective(inputs, {**parameters, name: moved}), at)  # type: ignore[misc]
        np.testing.assert_array_equal(by_parameters[name], expected, err_msg=name)


def whole(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def weights(seed: int, *shape: int) -> dict[str, Array]:
    return {"kernel": whole(seed, *shape), "bias": whole(seed + 1, shape[-1]) + 0.5}


def distinct(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).permutation(int(np.prod(shape))).astype(np.float64).reshape(shape)


@given(SEEDS, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, ACTIVATED)
def test_a_convolutions_gradients_are_its_differences(
    seed: int, n: int, more_rows: int, more_columns: int, channels: int, filters: int, size: int, activation: Any
) -> None:
    inputs = whole(seed, n, size + more_rows - 1, size + more_columns - 1, channels)
    layer = Conv2d(filters, size, activation=activation)
    assert_gradients_are_differences(layer, weights(seed, size, size, channels, filters), inputs)


@given(SEEDS, SMALL, SMALL, SMALL, ACTIVATED)
def test_a_dense_layers_gradients_are_its_differences(
    seed: int, n: int, features: int, units: int, activation: Any
) -> None:
    layer = Dense(units, activation=activation)
    assert_gradients_are_differences(layer, weights(seed, features, units), whole(seed, n, features))


@given(SEEDS, SMALL, st.integers(0, 3), st.integers(0, 3), SMALL, SMALL)
def test_a_max_pools_gradient_is_its_difference(
    seed: int, n: int, more_rows: int, more_columns: int, channels: int, size: int
) -> None:
    inputs = distinct(seed, n, size + more_rows, size + more_columns, channels)
    assert_gradients_are_differences(MaxPool2d(size), {}, inputs)


@given(SEEDS, SMALL, SMALL, SMALL, SMALL)
def test_a_flattens_gradient_is_its_difference(seed: int, n: int, height: int, width: int, channels: int) -> None:
    assert_gradients_are_differences(Flatten(), {}, whole(seed, n, height, width, channels))


def test_a_dense_layer_by_hand() -> None:
    parameters = {"kernel": np.array([[1.0, 2, 3], [4, 5, 6]]), "bias": np.array([0.5, -20, 0])}
    outputs, backward = apply(Dense(3, activation="relu"), parameters, np.array([[1.0, 2]]))
    by_inputs, own = backward(np.array([[1.0, 10, 100]]))
    assert outputs.tolist() == [[9.5, 0, 15]]  # 1·2 + 2·5 − 20 is below 0
    assert by_inputs.tolist() == [[1 * 1 + 3 * 100, 4 * 1 + 6 * 100]]
    assert own["kernel"].tolist() == [[1, 0, 100], [2, 0, 200]]
    assert own["bias"].tolist() == [1, 0, 100]


def test_a_convolution_by_hand_does_not_flip_its_kernel() -> None:
    image = np.arange(1.0, 10).reshape(1, 3, 3, 1)
    parameters = {"kernel": np.array([[1.0, 10], [100, 1000]]).reshape(2, 2, 1, 1), "bias": np.array([0.25])}
    outputs, backward = apply(Conv2d(1, 2), parameters, image)
    by_inputs, own = backward(np.array([1.0, 0, 0, 2]).reshape(1, 2, 2, 1))
    assert outputs[0, :, :, 0].tolist() == [[5421.25, 6532.25], [8754.25, 9865.25]]
    assert own["kernel"][:, :, 0, 0].tolist() == [[1 + 2 * 5, 2 + 2 * 6], [4 + 2 * 8, 5 + 2 * 9]]
    assert own["bias"].tolist() == [3]
    assert by_inputs[0, :, :, 0].tolist() == [[1, 10, 0], [100, 1002, 20], [0, 200, 2000]]


def test_a_convolutions_kernel_is_height_width_in_out() -> None:
    image = np.array([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]])  # two channels: (1, 2) is the pixel at the top left
    kernel = np.zeros((2, 2, 2, 3))
    kernel[0, 1, 0, 2] = 10  # first row, second column, first channel → third filter
    outputs, _ = apply(Conv2d(3, 2), {"kernel": kernel, "bias": np.zeros(3)}, image)
    assert outputs.tolist() == [[[[0, 0, 30]]]]


def test_a_flatten_is_height_then_width_then_channels() -> None:
    image = np.array([[[[1.0, 2], [3, 4]], [[5, 6], [7, 8]]]])
    assert apply(Flatten(), {}, image)[0].tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]


def test_the_gradient_of_a_tie_goes_to_the_first_maximum_row_by_row() -> None:
    image = np.array([[0.0, 3], [3, 3]]).reshape(1, 2, 2, 1)
    outputs, backward = apply(MaxPool2d(2), {}, image)
    by_inputs, _ = backward(np.full((1, 1, 1, 1), 5.0))
    assert outputs.tolist() == [[[[3]]]]
    assert by_inputs[0, :, :, 0].tolist() == [[0, 5], [0, 0]]


def test_each_channel_of_a_window_has_its_own_maximum() -> None:
    image = np.array([[[[1.0, 8], [2, 7]], [[3, 6], [4, 5]]]])
    outputs, backward = apply(MaxPool2d(2), {}, image)
    assert outputs.tolist() == [[[[4, 8]]]]
    assert backward(np.array([[[[1.0, 2]]]]))[0].tolist() == [[[[0, 2], [0, 0]], [[0, 0], [1, 0]]]]


def test_a_remainder_that_no_window_covers_is_dropped_and_gets_no_gradient() -> None:
    image = np.array([[1.0, 2, 90], [3, 4, 91], [92, 93, 94]]).reshape(1, 3, 3, 1)
    outputs, backward = apply(MaxPool2d(2), {}, image)
    assert outputs.tolist() == [[[[4]]]]
    assert backward(np.ones((1, 1, 1, 1)))[0][0, :, :, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_relu_passes_no_gradient_at_zero() -> None:
    parameters = {"kernel": np.ones((1, 1)), "bias": np.zeros(1)}
    outputs, backward = apply(Dense(1, activation="relu"), parameters, np.array([[0.0], [-1], [2]]))
    assert outputs.tolist() == [[0], [0], [2]]
    assert backward(np.ones((3, 1)))[0].tolist() == [[0], [0], [1]]


@pytest.mark.parametrize("layer", LAYER_TYPES.values(), ids=LAYER_TYPES)
def test_every_layer_and_activation_of_a_recipe_has_a_reference(layer: type) -> None:
    assert layer in LAYERS
    activations = get_args(get_type_hints(layer).get("activation"))
    named = {name for part in activations for name in get_args(part)}
    assert named <= ACTIVATIONS.keys()
