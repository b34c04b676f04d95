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

from orchestrator.audit.reference.activations import ACTIVATIONS
from orchestrator.audit.reference.arrays import Array, Parameters
from orchestrator.audit.reference.layers import LAYERS, apply, running_statistics
from shared.recipe import LAYER_TYPES, AveragePool2d, BatchNorm, Conv2d, Dense, Flatten, Layer, MaxPool2d

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


@given(SEEDS, SMALL, SMALL, SMALL, SMALL, SMALL, SMALL, ACTIVATED, SMALL, st.sampled_from(["valid", "same"]))
def test_a_convolutions_gradients_are_its_differences(
    seed: int,
    n: int,
    more_rows: int,
    more_columns: int,
    channels: int,
    filters: int,
    size: int,
    activation: Any,
    stride: int,
    padding: Any,
) -> None:
    inputs = whole(seed, n, size + more_rows - 1, size + more_columns - 1, channels)
    layer = Conv2d(filters, size, activation=activation, stride=stride, padding=padding)
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
def test_an_average_pools_gradient_is_its_difference(seed: int, n: int, more: int, channels: int, power: int) -> None:
    size = 2 ** (power - 1)  # so that a mean is a dyadic number too
    inputs = whole(seed, n, size + more, size, channels)
    assert_gradients_are_differences(AveragePool2d(size), {}, inputs)


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


def smooth_difference(layer: Layer, own: dict[str, Array], inputs: Array, *, training: bool) -> None:
    """Hold gradients against central differences where nothing is dyadic: to 1e-8 of a step of 1e-5."""
    outputs, backward = apply(layer, own, inputs, training=training)
    gradient = np.random.default_rng(1).standard_normal(outputs.shape)
    by_inputs, by_own = backward(gradient)
    for name, found in {"inputs": by_inputs, **by_own}.items():
        for index in np.ndindex(*found.shape):
            ends = []
            for by in (1e-5, -1e-5):
                moved = {"inputs": inputs.copy(), **{other: array.copy() for other, array in own.items()}}
                moved[name][index] += by
                ends.append(float((apply(layer, moved, moved.pop("inputs"), training=training)[0] * gradient).sum()))
            assert found[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8), (name, index)


def norm_arrays(channels: int) -> dict[str, Array]:
    random = np.random.default_rng(3)
    names = ("scale", "shift", "running_mean", "running_variance")
    return {name: random.uniform(0.5, 1.5, channels) for name in names}


@pytest.mark.parametrize("activation", [None, "tanh", "gelu"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 2, 2)], ids=["features", "images"])
def test_batch_norms_gradients_are_its_differences(activation: Any, training: bool, shape: tuple[int, ...]) -> None:
    inputs = np.random.default_rng(2).normal(1, 2, shape)
    layer = BatchNorm(0.9, 1e-3, activation=activation)
    smooth_difference(layer, norm_arrays(shape[-1]), inputs, training=training)


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_smooth_activations_have_their_slope(activation: Any) -> None:
    own = weights(4, 3, 2)
    smooth_difference(
        Dense(2, activation=activation), own, np.random.default_rng(4).normal(0, 1, (4, 3)), training=True
    )


def test_gelu_is_the_exact_one() -> None:
    own = {"kernel": np.ones((1, 1)), "bias": np.zeros(1)}
    outputs, _ = apply(Dense(1, activation="gelu"), own, np.array([[1.0]]))
    assert outputs[0, 0] == pytest.approx(0.8413447460685429, abs=1e-15)  # Φ(1); the approximation by tanh gives 0.8412


def test_batch_norm_by_hand() -> None:
    """Of 1, 3: mean 2, biased variance 1, unbiased 2."""
    layer = BatchNorm(momentum=0.75, epsilon=3.0)
    own = {
        "scale": np.array([4.0]),
        "shift": np.array([1.0]),
        "running_mean": np.zeros(1),
        "running_variance": np.ones(1),
    }
    inputs = np.array([[1.0], [3]])
    assert apply(layer, own, inputs, training=True)[0].tolist() == [[-1], [3]]  # 4 · (∓1 / √(1 + 3)) + 1
    assert apply(layer, own, inputs)[0].tolist() == [[3], [7]]  # 4 · (x / √(1 + 3)) + 1
    found = {name: array.tolist() for name, array in running_statistics(layer, own, inputs).items()}
    assert found == {"running_mean": [0.25 * 2], "running_variance": [0.75 + 0.25 * 2]}


def test_same_padding_puts_the_odd_zero_after() -> None:
    image = np.arange(1.0, 5).reshape(1, 1, 4, 1)
    layer = Conv2d(1, 3, stride=2, padding="same")
    assert layer.borders((1, 4, 1)) == ((1, 1), (0, 1))
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, :, 0, 0] = 1, 10, 100
    outputs, _ = apply(layer, {"kernel": kernel, "bias": np.zeros(1)}, image)
    assert outputs[0, 0, :, 0].tolist() == [321, 43]  # symmetric padding would see 0 1 2 and 2 3 4
