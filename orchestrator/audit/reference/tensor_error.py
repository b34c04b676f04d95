"""How far a tensor is from what it should be, as three numbers. What is near enough is not decided here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.reference.arrays import Array, Named


@dataclass(frozen=True)
class Agreement:
    """A found tensor f beside the expected e, elements f_i and e_i.

    An error is infinite where the shapes differ, a tensor is missing or an element is not finite, so
    that it passes no tolerance. Of two zeros the relative error is 0; of anything beside a zero
    tensor it is infinite, and the absolute error says what it is worth.
    """

    name: str
    found_shape: tuple[int, ...] | None  # None: there is no such tensor
    expected_shape: tuple[int, ...] | None
    largest_absolute_error: float  # max |f_i − e_i|
    largest_relative_error: (
        float  # max |f_i − e_i| / max |e_i|: by the tensor's largest magnitude, not element by element
    )
    norm_relative_error: float  # ‖f − e‖ / ‖e‖, Euclidean norms over all elements


def compare_all(found: Named, expected: Named) -> tuple[Agreement, ...]:
    """Compare tensors by name: the expected ones in their order, then those that nobody expected."""
    ours, theirs = dict(found), dict(expected)
    return tuple(compare(name, ours.get(name), theirs.get(name)) for name in {**theirs, **ours})


def compare(
    name: str, found: NDArray[np.floating[Any]] | None, expected: NDArray[np.floating[Any]] | None
) -> Agreement:
    """Compare two arrays or scalars in float64, whatever their precision; None where one is missing."""
    found_shape = None if found is None else np.shape(found)
    expected_shape = None if expected is None else np.shape(expected)
    errors = (math.inf, math.inf, math.inf)
    if found is not None and expected is not None and found_shape == expected_shape:
        errors = _errors(np.asarray(found, np.float64), np.asarray(expected, np.float64))
    return Agreement(name, found_shape, expected_shape, *errors)


def _errors(found: Array, expected: Array) -> tuple[float, float, float]:
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told below
        difference = found - expected
    if not np.isfinite(difference).all():
        return math.inf, math.inf, math.inf
    largest, magnitude = _magnitude(difference), _magnitude(expected)
    relative = _ratio(largest, magnitude)
    if relative in (0, math.inf):
        return largest, relative, relative
    return largest, relative, relative * _length(difference, largest) / _length(expected, magnitude)


def _magnitude(array: Array) -> float:
    return float(np.abs(array).max(initial=0))


def _ratio(error: float, magnitude: float) -> float:
    if error == 0:
        return 0.0
    return error / magnitude if magnitude else math.inf


def _length(array: Array, magnitude: float) -> float:
    """Return the Euclidean norm in units of the largest element: the plain square of 1e-170 is 0."""
    return float(np.linalg.norm(array / magnitude))
