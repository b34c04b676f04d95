"""What a sum in finite precision may be off by, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.audit.reference import compare_all
from orchestrator.audit.reference.layers import apply
from orchestrator.audit.reference.network import gradients
from orchestrator.audit.reference.rounding import with_rounding_errors
from shared.recipe import BatchNorm, Dense
from tests.audit.reference.test_network import batch, small, weights_of


def test_a_sum_that_cancels_is_off_by_its_terms_and_not_by_what_is_left() -> None:
    layer, own = Dense(1), {"kernel": np.array([[2.0]]), "bias": np.zeros(1)}
    inputs, gradient = np.array([[3.0], [3]]), np.array([[1.0], [-1]])
    exact = apply(layer, own, inputs, training=True)[1]
    by_inputs, by_own = with_rounding_errors(layer, own, inputs, exact, 0.25)(gradient)
    assert by_inputs.tolist() == [[2], [-2]]  # what goes on down is exact
    assert np.abs(by_own["kernel"]).tolist() == [[0.25 * (3 + 3)]]
    assert np.abs(by_own["bias"]).tolist() == [0.25 * (1 + 1)]


def test_batch_norms_terms_are_its_normal_values() -> None:
    layer, own = BatchNorm(0.9, 3.0), {"scale": np.ones(1), "shift": np.zeros(1)}
    inputs, gradient = np.array([[1.0], [3]]), np.array([[1.0], [1]])  # of mean 2 and variance 1: normal are ∓1/2
    found = with_rounding_errors(layer, own, inputs, apply(layer, own, inputs, training=True)[1], 0.25)(gradient)[1]
    assert np.abs(found["scale"]).tolist() == [0.25 * (0.5 + 0.5)]
    assert np.abs(found["shift"] - 2).tolist() == [0.25 * (1 + 1)]


@pytest.mark.parametrize(("unit", "equal"), [(0.0, True), (1e-6, False)])
def test_every_weights_gradient_is_off_and_only_where_a_unit_is_given(unit: float, equal: bool) -> None:
    recipe = small()
    weights, (images, labels) = weights_of(recipe, 1), batch(1, 4)
    exact, off = (gradients(recipe, weights, images, labels, unit=each).arrays for each in (0.0, unit))
    for each in compare_all(off, exact):
        assert (each.norm_relative_error == 0) is equal
        assert each.norm_relative_error < 1e-4
