"""The equivalence audit: does a contender compute what the recipe says?

The host draws the shared first weights, picks two small batches, and computes logits, loss, gradients and the
weights after one and after two optimizer steps in float64 NumPy (`orchestrator.audit.reference`). Each worker computes
the same inside its image, before it trains, and is compared with the reference, not with another framework. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.audit.first_losses import first_losses
from orchestrator.audit.line import AuditLine
from orchestrator.audit.reference import Agreement, Arrays, Named, compare_all, evaluate, forward, margins, train
from orchestrator.audit.reference.arrays import Images
from orchestrator.audit.reference.layers import IN_TRAINING
from orchestrator.audit.reference.training import Batches
from orchestrator.stream import npy
from shared import mnist
from shared.initial import shared_weights
from shared.recipe import Recipe
from shared.trial import Precision

Indices = NDArray[np.intp]

BATCH = 32
_CANDIDATES, _CANDIDATES_BY_BATCH = 4 * BATCH, 8 * BATCH
"""Training images looked at for those that keep clear of kinks: more where only whole batches can be chosen."""

TOLERANCES: dict[Precision, float] = {"float32": 1e-5, "float64": 1e-12}
"""Norm-relative. Sums are good to about 1e-6 of a tensor in float32 and 1e-15 in float64, a wrong formula to 1e-2."""

UNITS: dict[Precision, float] = {"float32": 1e-5, "float64": 2e-14}
"""Behind a batch norm a gradient is what is left of tens of thousands of terms that cancel. It may be off by this share
of the terms' magnitudes, about √n roundings; where that is more of a tensor than its tolerance, it counts."""


@dataclass(frozen=True, eq=False)
class Expected:
    """What every contender of one recipe and seed must compute, and on which training images."""

    indices: tuple[int, ...]  # the first batch, then the second
    labels: NDArray[np.uint8]  # of the first batch
    arrays: Named
    tolerance: float  # of all arrays, but for
    tolerances: Mapping[str, float]  # those of which rounding takes more
    first_losses: tuple[float, ...] = ()  # of the training's own first steps; none where they cannot be known


def compute_expected(recipe: Recipe, seed: int, data: mnist.Mnist, precision: Precision = "float32") -> Expected:
    """Pick the audit's images and compute their reference, seconds of work for the 28x28 recipe.

    Only images that keep clear of kinks are taken: where a sum is within rounding of relu's zero, float32 and
    float64 choose different sides, and a gradient without any mistake is 1e-4 off.
    """
    weights = shared_weights(recipe, seed)
    images, labels = _candidates(recipe, data)
    first, second = _choose_batches(recipe, weights, images, labels)
    batches = [(images[indices], labels[indices]) for indices in (first, second)]
    logits = ("logits", forward(recipe, weights, images[first]))
    arrays = [logits, *_training_arrays(recipe, weights, batches)]
    tolerances = {name: TOLERANCES[precision] for name, _ in arrays}
    if _mixes_images(recipe):
        disturbed = [logits, *_training_arrays(recipe, weights, batches, UNITS[precision])]
        for rounding in compare_all(disturbed, arrays):
            tolerances[rounding.name] = max(TOLERANCES[precision], rounding.norm_relative_error)
    indices = tuple(int(index) for index in (*first, *second))
    early = first_losses(recipe, seed, data)
    return Expected(indices, labels[first], arrays, TOLERANCES[precision], tolerances, early)


def _candidates(recipe: Recipe, data: mnist.Mnist) -> tuple[Images, NDArray[np.uint8]]:
    """Return the first training images, scaled as the recipe says, (n, height, width, 1), and all labels."""
    pixels, labels = mnist.select(data, recipe.data.train)
    count = _CANDIDATES_BY_BATCH if _mixes_images(recipe) else _CANDIDATES
    return mnist.scale(pixels[:count], recipe.data.mean, recipe.data.std)[..., None], labels


def _choose_batches(
    recipe: Recipe, weights: Named, images: Images, labels: NDArray[np.uint8]
) -> tuple[Indices, Indices]:
    """Return the indices of two batches: the second is chosen by the weights that a step on the first leaves."""
    every_index = np.arange(len(images))
    first = _choose_clearest(recipe, weights, images, every_index)
    (after,) = train(recipe, weights, [(images[first], labels[first])])
    others = np.setdiff1d(every_index, first) if len(images) > 1 else first
    return first, _choose_clearest(recipe, after.weights, images, others)


def _training_arrays(recipe: Recipe, weights: Named, batches: Batches, unit: float = 0.0) -> Arrays:
    one, two = train(recipe, weights, batches, unit=unit)
    return [
        ("loss", np.array(one.loss)),
        *((f"gradients.{name}", array) for name, array in one.gradients),
        *((f"weights_1.{name}", array) for name, array in one.weights),
        *((f"weights_2.{name}", array) for name, array in two.weights),
    ]


def _choose_clearest(recipe: Recipe, weights: Named, images: Images, candidates: Indices) -> Indices:
    """Return the batch that keeps clearest of kinks, as indices.

    Images are chosen one by one, but whole batches where a layer normalises by the batch: there an image's distance
    from a kink depends on its company.
    """
    size = min(BATCH, max(1, len(images) // 2))
    batches = candidates[: len(candidates) // size * size].reshape(-1, size)
    distances = np.array([margins(recipe, weights, images[batch]) for batch in batches])
    if _mixes_images(recipe):
        clearest: Indices = batches[distances.min(axis=1).argmax()]
    else:
        clearest = batches.ravel()[np.argsort(-distances.ravel(), kind="stable")[:size]]
    return clearest


def _mixes_images(recipe: Recipe) -> bool:
    return any(type(layer) in IN_TRAINING for layer in recipe.layers)


def compare_with_expected(expected: Expected, content: bytes | None) -> tuple[AuditLine, ...]:
    """Compare a worker's audit.npz with the reference, tensor by tensor; `content` that cannot be read is all wrong."""
    arrays = _read_arrays(content)
    agreements = compare_all(list(arrays.items()), [*expected.arrays, *_expected_score(arrays.get("logits"), expected)])
    return tuple(_make_line(line, expected.tolerances.get(line.name, expected.tolerance)) for line in agreements)


def _expected_score(logits: NDArray[np.float64] | None, expected: Expected) -> Arrays:
    """Return loss and accuracy of the worker's own logits, so that one fault does not show as two."""
    if logits is None or logits.shape != (len(expected.labels), 10) or not np.isfinite(logits).all():
        return []
    score = evaluate(logits, expected.labels)
    return [("score.loss", np.array(score.loss)), ("score.accuracy", np.array(score.accuracy))]


def _read_arrays(content: bytes | None) -> dict[str, NDArray[np.float64]]:
    try:
        return npy.read_archive(content) if content is not None else {}
    except npy.ArrayError:
        return {}


def _make_line(agreement: Agreement, tolerance: float) -> AuditLine:
    absolute, relative = agreement.largest_absolute_error, agreement.norm_relative_error
    finite = np.isfinite(absolute)
    return AuditLine(
        tensor=agreement.name,
        largest_absolute_error=absolute if finite else None,
        norm_relative_error=relative if np.isfinite(relative) else None,
        tolerance=tolerance,
        agrees=bool(finite and relative <= tolerance),
    )
