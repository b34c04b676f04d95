"""How far a tensor is from what it should be: three numbers by hand, and every way of having none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from orchestrator.audit.reference import Agreement, compare_all
from orchestrator.audit.reference.tensor_error import compare

PLAIN = arrays.arrays(np.float64, st.integers(1, 5), elements=st.floats(-1e6, 1e6, width=32))


def errors(found: Agreement) -> tuple[float, float, float]:
    return found.largest_absolute_error, found.largest_relative_error, found.norm_relative_error


def test_three_errors_by_hand() -> None:
    found = compare("0.bias", np.array([3.5, -4, 0]), np.array([3.0, -4, 0]))
    assert found == Agreement("0.bias", (3,), (3,), 0.5, 0.125, 0.1)  # 0.5 / 4, and 0.5 / ‖(3, −4, 0)‖ = 0.5 / 5


def test_errors_are_relative_to_the_expected_and_not_to_the_found() -> None:
    assert errors(compare("loss", np.array(4.0), np.array(2.0))) == (2, 1, 1)
    assert errors(compare("loss", np.array(2.0), np.array(4.0))) == (2, 0.5, 0.5)


def test_a_small_element_is_held_against_the_tensors_largest() -> None:
    found = compare("0.kernel", np.array([[2e-9, 1000]]), np.array([[1e-9, 1000]]))
    assert found.largest_relative_error == pytest.approx(1e-12, rel=1e-12)


def test_float32_is_compared_in_float64() -> None:
    found = compare("0.bias", np.array([0.1], np.float32), np.array([0.1]))
    assert found.largest_absolute_error == float(np.float32(0.1)) - 0.1


@pytest.mark.parametrize("array", [np.zeros(3), np.full(3, 1e-320), np.full(3, 1e308), np.zeros((0, 4))])
def test_equal_tensors_have_no_error(array: np.ndarray) -> None:
    assert errors(compare("0.bias", array, array.copy())) == (0, 0, 0)


def test_anything_beside_zeros_is_infinitely_far_and_keeps_its_absolute_error() -> None:
    assert errors(compare("0.bias", np.array([1e-12, 0]), np.zeros(2))) == (1e-12, math.inf, math.inf)


@pytest.mark.parametrize("scale", [1e-170, 1e200], ids=["squares are 0", "squares overflow"])
def test_a_norm_needs_no_square_that_float64_cannot_hold(scale: float) -> None:
    found = compare("0.bias", np.array([3.5, -4]) * scale, np.array([3.0, -4]) * scale)
    assert found.norm_relative_error == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (np.array([math.nan, 1]), np.array([1.0, 1])),
        (np.array([1.0, 1]), np.array([math.nan, 1])),
        (np.array([math.nan, 1]), np.array([math.nan, 1])),
        (np.array([math.inf, 1]), np.array([math.inf, 1])),
        (np.array([1e308]), np.array([-1e308])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(1), np.zeros(3)),
        (None, np.zeros(3)),
        (np.zeros(3), None),
    ],
    ids=[
        "found nan",
        "expected nan",
        "both nan",
        "both infinite",
        "too far",
        "turned",
        "to broadcast",
        "none",
        "extra",
    ],
)
def test_what_cannot_be_compared_passes_no_tolerance(found: np.ndarray | None, expected: np.ndarray | None) -> None:
    assert errors(compare("0.kernel", found, expected)) == (math.inf, math.inf, math.inf)


def test_shapes_are_told_and_a_missing_tensor_has_none() -> None:
    found = compare("0.kernel", np.zeros((2, 3)), None)
    assert (found.found_shape, found.expected_shape) == ((2, 3), None)


def test_tensors_are_compared_by_name_and_none_is_left_out() -> None:
    one, two = np.array([1.0]), np.array([2.0])
    found = compare_all([("extra", one), ("0.bias", two), ("0.kernel", one)], [("0.kernel", one), ("0.bias", one)])
    assert [(each.name, each.largest_absolute_error) for each in found] == [
        ("0.kernel", 0),
        ("0.bias", 1),
        ("extra", math.inf),
    ]
    assert [each.name for each in compare_all([], [("0.bias", one)])] == ["0.bias"]


@given(PLAIN, st.integers(-30, 30))
def test_relative_errors_do_not_depend_on_the_unit(expected: np.ndarray, power: int) -> None:
    found, unit = expected[::-1] + 1, 2.0**power
    plain, scaled = compare("a", found, expected), compare("a", found * unit, expected * unit)
    assert scaled.largest_relative_error == plain.largest_relative_error
    assert scaled.norm_relative_error == plain.norm_relative_error
    assert scaled.largest_absolute_error == unit * plain.largest_absolute_error


@given(PLAIN)
def test_the_norms_error_is_the_quotient_of_two_norms(expected: np.ndarray) -> None:
    found = expected[::-1] + 1
    assume(expected.any())
    quotient = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
    assert compare("a", found, expected).norm_relative_error == pytest.approx(quotient, rel=1e-12)
